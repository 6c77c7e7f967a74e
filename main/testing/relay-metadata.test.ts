/**
 * What a relay has after two people did everything over it: its disk, its memory as a core dump would hold it, its log
 * and its operator's pages are searched for what they wrote, their names and account keys; all but the memory for PeerIds and addresses as well.
 */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { idToBytes } from '../../shared/model/ids.ts'
import { meet, messagesOf, sendText, untilStatus, untilText } from './chatting.ts'
import type { Pair } from './chatting.ts'
import { Person } from './people.ts'
import { memoryOf } from './process-memory.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

const NAMES = ['Robin Quillfeather', 'Mira Oakenshield-Vaz'] as const
const PLAINTEXTS = {
  waiting: 'the ferry to Hvaler leaves at a quarter past eight',
  answer: 'then I shall bring the green umbrella along',
  caption: 'sketch of the lighthouse stairs',
  fileName: 'lighthouse-stairs.txt',
  fileLine: 'forty-one steps, the nineteenth one is loose. ',
  deleted: 'forget what I said about the boathouse key',
} as const
const NEEDLE_MAX_BYTES = 128

let folder: string
let relay: TestRelay
let robin: Person
let mira: Person

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-metadata-files-'))
  relay = await startTestRelay()
  robin = await personNamed(NAMES[0])
  mira = await personNamed(NAMES[1])
})

afterEach(async () => {
  await robin.remove()
  await mira.remove()
  await relay.remove()
  await rm(folder, { recursive: true, force: true })
})

async function personNamed(name: string): Promise<Person> {
  const person = await Person.make()
  await person.open()
  await person.call('account.create', { name })
  await person.call('relays.add', { address: relay.paste })
  return person
}

/** Texts both ways, a file, a name that changes, a deletion, a block: through the relay, and on a circuit where one is found. */
async function doEverything(): Promise<Pair> {
  const chats = await meet(robin, mira)
  const { robinsChat, mirasChat } = chats
  await mira.close()
  const waiting = await sendText(robin, robinsChat, PLAINTEXTS.waiting)
  const path = join(folder, PLAINTEXTS.fileName)
  await writeFile(path, PLAINTEXTS.fileLine.repeat(3_000))
  const grant = robin.grants.add(path, 'read')
  const { caption } = PLAINTEXTS
  const file = await robin.call('messages.send-file', { chatId: robinsChat.chatId, grant, caption, photo: null })
  const deleted = await sendText(robin, robinsChat, PLAINTEXTS.deleted)
  for (const message of [waiting, file, deleted]) await untilStatus(robin, message, 'held')
  await robin.close()
  await mira.open()
  await untilText(mira, mirasChat, PLAINTEXTS.deleted)
  await mira.until('the file is here', async () =>
    (await messagesOf(mira, mirasChat)).some(
      ({ messageId, body }) => messageId === file.messageId && body.kind === 'file' && body.attachment.state === 'here',
    ),
  )
  const answer = await sendText(mira, mirasChat, PLAINTEXTS.answer)
  await untilStatus(mira, answer, 'held')
  await robin.open()
  await untilText(robin, robinsChat, PLAINTEXTS.answer)
  await untilStatus(mira, answer, 'delivered')
  await robin.call('account.rename', { name: `${NAMES[0]} the Second` })
  await robin.call('messages.delete', { messageId: deleted.messageId })
  await robin.call('chats.mark-read', { chatId: robinsChat.chatId })
  await mira.call('contacts.set-blocked', { contactId: mirasChat.contactId, blocked: true })
  await mira.call('contacts.set-blocked', { contactId: mirasChat.contactId, blocked: false })
  return chats
}

/** By what it is, in the forms in which it could lie there. */
async function secretsOf({ robinsChat, mirasChat }: Pair): Promise<ReadonlyMap<string, Buffer>> {
  const needles = new Map<string, Buffer>()
  for (const [name, text] of [
    ...Object.entries(PLAINTEXTS),
    ...NAMES.map((text, at) => [`name ${at}`, text] as const),
  ]) {
    needles.set(name, Buffer.from(text))
    needles.set(`${name} as V8 keeps long texts`, Buffer.from(text, 'utf16le'))
  }
  const keys = [
    (await mira.call('contacts.get', { contactId: mirasChat.contactId })).accountId,
    (await robin.call('contacts.get', { contactId: robinsChat.contactId })).accountId,
  ]
  for (const [at, accountId] of keys.entries()) {
    needles.set(`account ${at}`, Buffer.from(accountId))
    needles.set(`account ${at} in bytes`, Buffer.from(idToBytes(accountId)))
    needles.set(`account ${at} in hex`, Buffer.from(Buffer.from(idToBytes(accountId)).toString('hex')))
  }
  return needles
}

interface Memory {
  /** Of the needles. */
  readonly found: readonly string[]
  /** PeerIds and multiaddrs with a port that are not the relay's own. */
  readonly peers: ReadonlySet<string>
}

function searchMemory(needles: ReadonlyMap<string, Buffer>): Memory {
  const found = new Set<string>()
  const peers = new Set<string>()
  const own = relay.addresses
  for (const chunk of memoryOf(relay.pid(), NEEDLE_MAX_BYTES)) {
    for (const [name, needle] of needles) if (chunk.includes(needle)) found.add(name)
    for (const [peer] of chunk
      .toString('latin1')
      .matchAll(/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}|\/ip4\/[\d.]+\/tcp\/\d{4,5}/g)) {
      if (!own.some((address) => address.startsWith(peer))) peers.add(peer)
    }
  }
  return { found: [...found], peers }
}

async function diskOf(): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(relay.dataDir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)))
}

function foundOnDisk(disk: ReadonlyMap<string, Buffer>, needles: ReadonlyMap<string, Buffer>): readonly string[] {
  return [...disk].flatMap(([file, bytes]) =>
    [...needles].filter(([, needle]) => bytes.includes(needle)).map(([name]) => `${name} in ${file}`),
  )
}

/** As text, as libp2p's bytes, and the public key inside of them. */
function peerNeedles(peers: ReadonlySet<string>): ReadonlyMap<string, Buffer> {
  const needles = new Map<string, Buffer>()
  for (const peer of peers) {
    needles.set(peer, Buffer.from(peer))
    const bytes = peer.startsWith('12D3') ? bytesOfPeer(peer) : null
    if (bytes === null) continue
    needles.set(`${peer} in bytes`, bytes)
    needles.set(`the key of ${peer}`, bytes.subarray(-32))
  }
  return needles
}

/** Null: letters that only look like one. */
function bytesOfPeer(peer: string): Buffer | null {
  try {
    return Buffer.from(peerIdFromString(peer).toMultihash().bytes)
  } catch {
    return null
  }
}

/** Status page and metrics: what the operator sees, and whoever the operator shows it to. */
async function operatorsPages(): Promise<string> {
  const { operatorUrl } = relay
  if (operatorUrl === null) throw new Error('the relay has no port for its operator')
  const pages = ['', 'metrics', 'healthz', 'readyz'].map(async (path) =>
    (await fetch(new URL(path, `${operatorUrl}/`))).text(),
  )
  return (await Promise.all(pages)).join('\n')
}

const where = process.platform === 'linux' ? '' : ' (not run here: memory is read from Linux’s /proc)'

test.skipIf(process.platform !== 'linux')(
  `after everything two people can do, nothing of it is on the relay’s disk, in its memory, log or metrics${where}`,
  { timeout: 120_000 },
  async () => {
    const chats = await doEverything()
    const needles = await secretsOf(chats)
    const memory = searchMemory(needles)
    const told = [relay.log(), await operatorsPages()].join('\n')
    const disk = await diskOf()
    expect(memory.found).toEqual([])
    expect(foundOnDisk(disk, needles)).toEqual([])
    for (const [name, needle] of needles) expect(told.includes(needle.toString()), name).toBe(false)
    // The memory does know who is connected: that is what shows that this search finds what is there.
    const clients = [...memory.peers].filter((peer) => peer.startsWith('12D3'))
    expect(clients.length).toBeGreaterThan(2)
    const peers = peerNeedles(memory.peers)
    expect(foundOnDisk(disk, peers)).toEqual([])
    for (const peer of memory.peers) expect(told, peer).not.toContain(peer)
    expect(told).not.toMatch(/\/ip[46]\/|127\.0\.0\.1|12D3KooW/)
    expect(told).toContain('relay-started')
    expect(told).toContain('parley_relay_deposits_total')
  },
)
