/**
 * Makes the profiles of fixtures/profiles-0.1.0 that the upgrade test opens. Run once, with the code of v0.1.0: put
 * this file and `relay-for-tests.ts` into `main/testing/` of a checkout of commit 6ba9f09, set PREKEY_BATCH to 3 and PREKEY_REFILL_BELOW to 1 in
 * `main/domain/delivery-limits.ts` so that the stores stay small, and call `node main/testing/old-profiles.ts FOLDER`.
 */

import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { meet, sendText, untilStatus, untilText } from './chatting.ts'
import { Person } from './people.ts'
import { startTestRelay } from './relay-for-tests.ts'

const PASSPHRASE = 'two old friends'
/** Written in the profiles, so that the relay has to be there again. */
const RELAY_ADDRESS = '/ip4/127.0.0.1/tcp/24817'

const target = process.argv[2]
if (target === undefined) throw new Error('a folder, please')
await mkdir(target, { recursive: true })
const relayFolder = join(target, 'relay')
const profileOf = (name: string): string => join(target, `${name}-work`)

async function openAgain(name: string): Promise<Person> {
  const person = new Person(profileOf(name))
  await person.open()
  await person.call('account.unlock', { passphrase: PASSPHRASE })
  return person
}

async function newPerson(name: string): Promise<Person> {
  const person = new Person(profileOf(name.toLowerCase()))
  await mkdir(person.profileDir)
  await person.open()
  await person.call('account.create', { name, passphrase: PASSPHRASE })
  return person
}

await mkdir(relayFolder)
const relay = await startTestRelay(RELAY_ADDRESS, relayFolder)
const alice = await newPerson('Alice')
const bob = await newPerson('Bob')
await alice.call('relays.add', { address: relay.paste })
const { robinsChat: alicesChat, mirasChat: bobsChat } = await meet(alice, bob)
const written = [
  [bob, bobsChat, alice, alicesChat, 'Hello Alice, is this the new place?'],
  [alice, alicesChat, bob, bobsChat, 'It is. Nobody reads along here 🙂'],
  [bob, bobsChat, alice, alicesChat, 'Did you get the tickets?'],
  [alice, alicesChat, bob, bobsChat, 'Two, for Saturday'],
  [alice, alicesChat, bob, bobsChat, 'Row 7'],
  [bob, bobsChat, alice, alicesChat, 'See you there'],
] as const
for (const [author, chat, reader, readersChat, text] of written) {
  const message = await sendText(author, chat, text)
  await untilText(reader, readersChat, text)
  await untilStatus(author, message, 'delivered')
}

// Bob is away: one message lies for him at the relay.
await bob.close()
await untilStatus(alice, await sendText(alice, alicesChat, 'The doors open at eight'), 'held')
await alice.close()
await relay.stop()
// Nobody is there: one message waits in Bob's outbox, sealed.
const bobAlone = await openAgain('bob')
await sendText(bobAlone, bobsChat, 'I am taking the train')
await bobAlone.close()

for (const name of ['alice', 'bob']) {
  await mkdir(join(target, name))
  for (const file of ['keys.json', 'store.db']) await cp(join(profileOf(name), file), join(target, name, file))
  await rm(profileOf(name), { recursive: true })
}
