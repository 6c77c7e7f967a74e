/**
 * Two people on two hosts and a relay on a third, each pair joined by a wire of its own and no common loopback: direct
 * over TCP, through the relay when the wire between the two goes dead, direct again when it is back.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { ChatId } from '../../shared/model/ids.ts'
import type { DeliveryPath, DirectTransport, MessageView } from '../../shared/model/chat.ts'
import { HeadlessPerson, MAIN_FOLDER } from './headless-person.ts'
import { LineProcess } from './line-process.ts'
import { NetworkHosts, noHostsBecause } from './network-hosts.ts'

const BETWEEN_THE_TWO = '10.213.1'
const ROBIN_TO_RELAY = '10.213.2'
const MIRA_TO_RELAY = '10.213.3'
/** A link that gets no answer is given up within 3 + 4 seconds; a new dial comes after 5, 10, 20 … seconds, or at once with a sign of life. */
const CHANGES_WITHIN_MS = 45_000

const because = await noHostsBecause()

interface Talker {
  readonly person: HeadlessPerson
  readonly chatId: ChatId
}

interface Way {
  readonly path: DeliveryPath
  readonly transport: DirectTransport | null
}

const wayOf = async (person: HeadlessPerson): Promise<Way | null> => {
  const [chat] = await person.call('chats.list', {})
  if (chat === undefined) return null
  const { path, transport } = await person.call('contacts.get', { contactId: chat.contactId })
  return { path, transport }
}

const untilWay = async (talkers: readonly Talker[], wanted: Way): Promise<void> => {
  await Promise.all(
    talkers.map(({ person }) =>
      person.until(
        `the path is ${wanted.path}`,
        async () => {
          const way = await wayOf(person)
          return way?.path === wanted.path && way.transport === wanted.transport
        },
        CHANGES_WITHIN_MS,
      ),
    ),
  )
}

const messagesOf = async ({ person, chatId }: Talker): Promise<readonly MessageView[]> =>
  (await person.call('messages.page', { chatId, before: null, limit: 200 })).messages

const textsOf = async (talker: Talker): Promise<readonly string[]> =>
  (await messagesOf(talker)).flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []))

/** Sent, arrived, and the sender knows: two ticks. */
const tell = async (from: Talker, to: Talker, text: string): Promise<void> => {
  const { messageId } = await from.person.call('messages.send-text', { chatId: from.chatId, text })
  await to.person.until(`"${text}" arrives`, async () => (await textsOf(to)).includes(text), CHANGES_WITHIN_MS)
  await from.person.until(
    `"${text}" has two ticks`,
    async () => (await messagesOf(from)).find((message) => message.messageId === messageId)?.status === 'delivered',
    CHANGES_WITHIN_MS,
  )
}

describe.skipIf(because !== null)(`two hosts${because === null ? '' : ` (not run: ${because})`}`, () => {
  const ends: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  const startHosts = async (): Promise<NetworkHosts> => {
    const hosts = new NetworkHosts()
    ends.push(() => hosts.remove())
    for (const host of ['robin', 'mira', 'relay']) await hosts.add(host)
    await hosts.join('robin', 'mira', BETWEEN_THE_TWO)
    await hosts.join('robin', 'relay', ROBIN_TO_RELAY)
    await hosts.join('mira', 'relay', MIRA_TO_RELAY)
    return hosts
  }

  const startRelay = async (hosts: NetworkHosts, dataDir: string): Promise<string> => {
    const [command = '', ...args] = [
      ...hosts.prefix('relay'),
      process.execPath,
      join(MAIN_FOLDER, '..', 'relay', 'bin.ts'),
      ...['run', '--data', dataDir, '--listen', '/ip4/0.0.0.0/tcp/0', '--json'],
    ]
    const relay = new LineProcess(command, args)
    ends.push(() => relay.stop())
    return (JSON.parse(await relay.firstLine()) as { readonly paste: string }).paste
  }

  const startPerson = async (
    hosts: NetworkHosts,
    host: string,
    profileDir: string,
    relayPaste: string,
  ): Promise<HeadlessPerson> => {
    const person = await HeadlessPerson.create(host, {
      profileDir,
      transports: 'tcp',
      listen: '/ip4/0.0.0.0/tcp/0',
      prefix: hosts.prefix(host),
    })
    ends.push(() => person.stop())
    await person.call('relays.add', { address: relayPaste })
    await person.until('the relay is connected', async () => {
      const state = await person.call('app.state', {})
      return state.phase === 'ready' && state.network.relays.some((relay) => relay.state === 'connected')
    })
    return person
  }

  test('a conversation goes from direct to the relay and back as the wire is cut and healed', async () => {
    const work = await mkdtemp(join(tmpdir(), 'parley-hosts-'))
    ends.push(() => rm(work, { recursive: true, force: true }))
    const hosts = await startHosts()
    const relayPaste = await startRelay(hosts, join(work, 'relay'))
    const robin = await startPerson(hosts, 'robin', join(work, 'robin'), relayPaste)
    const mira = await startPerson(hosts, 'mira', join(work, 'mira'), relayPaste)
    const { link } = await mira.call('invites.create', { label: 'Robin' })
    const one: Talker = { person: robin, chatId: (await robin.call('invites.accept', { link })).chatId }
    const { chatId } = await mira.until('the chat is there', async () => (await mira.call('chats.list', {}))[0])
    const other: Talker = { person: mira, chatId }
    const both = [one, other]

    await untilWay(both, { path: 'direct', transport: 'tcp' })
    await tell(one, other, 'direct there')
    await tell(other, one, 'direct back')

    await hosts.cut('robin', BETWEEN_THE_TWO)
    await tell(one, other, 'around there')
    await tell(other, one, 'around back')
    await untilWay(both, { path: 'relay', transport: null })
    await tell(one, other, 'around once more')

    await hosts.heal('robin', BETWEEN_THE_TWO)
    await untilWay(both, { path: 'direct', transport: 'tcp' })
    // Without the relay: what arrives now came over the wire between the two.
    await hosts.cut('robin', ROBIN_TO_RELAY)
    await tell(other, one, 'direct again')
    expect(await wayOf(robin)).toEqual({ path: 'direct', transport: 'tcp' })

    const said = ['direct there', 'direct back', 'around there', 'around back', 'around once more', 'direct again']
    expect(await textsOf(one)).toEqual(said)
    expect(await textsOf(other)).toEqual(said)
  }, 180_000)
})
