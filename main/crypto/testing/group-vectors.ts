/** The vectors of docs/protocol/group.md, made as those of sessions are. */

import type { AccountId, MessageId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { concatBytes } from '../../../shared/wire/bytes.ts'
import {
  createSenderChain,
  decodeChange,
  decryptGroupMessage,
  distributionOf,
  emptyHistory,
  encodeDistribution,
  encodeReceiverChain,
  encodeSenderChain,
  encryptGroupMessage,
  generateAccount,
  generateDevice,
  openGroupHeader,
  receiverChain,
  signChange,
  signCreation,
  takeChanges,
} from '../index.ts'
import type { Backend, ChangeAuthor, Crypto, GroupHistory, GroupOperation } from '../index.ts'
import { encodeHeads } from '../group/sender-key.ts'
import { bytes } from './devices.ts'
import { hex, recording } from './session-vectors.ts'
import type { Json } from './session-vectors.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave'] as const

type Name = (typeof NAMES)[number]

interface Person {
  readonly name: Name
  readonly account: AccountId
  readonly author: ChangeAuthor
  readonly signingKey: Uint8Array
}

/** File name to content. */
export function groupVectors(backend: Backend): Readonly<Record<string, Json>> {
  const { c, drawn } = recording(backend, 'group')
  const people = NAMES.map((name) => person(c, name))
  drawn()
  const graph = graphOf(c, people, drawn)
  const chain = chainVectors(c, drawn, people, graph.history)
  return { 'group.json': { people: people.map(personVector), ...graph.vector, chain } }
}

function person(c: Crypto, name: Name): Person {
  const [{ publicKey }, { deviceId, signing }] = [generateAccount(c), generateDevice(c)]
  const author = { account: publicKey, deviceId, signingSecret: signing.secretKey }
  return { name, account: idFromBytes<AccountId>(publicKey), author, signingKey: signing.publicKey }
}

function personVector({ name, author, signingKey }: Person): Json {
  return {
    name,
    account: hex(author.account),
    deviceId: hex(idToBytes(author.deviceId)),
    signing: { secret: hex(author.signingSecret), publicKey: hex(signingKey) },
  }
}

/** Alice, Bob and Carol are admins. Alice and Bob remove each other; Bob adds Dave on top of his; Carol merges. */
function graphOf(c: Crypto, people: readonly Person[], drawn: () => string) {
  const find = (name: Name): Person => {
    const found = people.find((item) => item.name === name)
    if (found === undefined) throw new Error('nobody of this name')
    return found
  }
  const operation = (kind: GroupOperation['kind'], name: Name): GroupOperation => ({
    kind,
    account: find(name).account,
  })
  const admins = (['alice', 'bob', 'carol'] as const).map((name) => operation('add-admin', name))
  const creation = signCreation(c, find('alice').author, admins)
  const signers = (account: AccountId) => people.find((item) => item.account === account)?.signingKey
  const take = (history: GroupHistory, ...changes: Uint8Array[]): GroupHistory =>
    takeChanges(c, history, changes, signers).history
  const change = (on: GroupHistory, by: Name, operations: readonly GroupOperation[]): Uint8Array =>
    signChange(c, find(by).author, on.groupId, { parents: on.heads, operations })

  const states: Json[] = []
  const record = (name: string, history: GroupHistory): GroupHistory => {
    const roleOf = ({ account }: Person): Json => history.members.get(account) ?? null
    const members = Object.fromEntries(people.map((item) => [item.name, roleOf(item)]))
    states.push({ after: name, heads: history.heads.join(' '), epochId: hex(history.epochId), members })
    return history
  }
  const changes: Json[] = []
  const vector = (name: string, value: Uint8Array): Json =>
    changes.push({ name, drawn: drawn(), hash: decodeChange(c, value).hash, bytes: hex(value) })

  vector('creation', creation.bytes)
  const start = record('creation', take(emptyHistory(c, creation.groupId), creation.bytes))
  const byAlice = change(start, 'alice', [operation('remove', 'bob')])
  const byBob = change(start, 'bob', [operation('remove', 'alice')])
  vector('alice removes bob', byAlice)
  vector('bob removes alice', byBob)
  record('alice removes bob', take(start, byAlice))
  const withBob = record('bob removes alice', take(start, byBob))
  const withDave = change(withBob, 'bob', [operation('add', 'dave')])
  vector('bob adds dave, after his removal', withDave)
  const all = record('all of these', take(start, byAlice, byBob, withDave))
  const merging = change(all, 'carol', [])
  vector('carol merges', merging)
  const history = record('carol merges', take(all, merging))
  return { history, vector: { groupId: hex(creation.groupId), changes, states } }
}

/** Carol's chain: handed over at number 1; of three further messages the second comes last. */
function chainVectors(c: Crypto, drawn: () => string, people: readonly Person[], history: GroupHistory): Json {
  const { groupId, heads, epochId } = history
  const [, , carol] = people
  if (carol === undefined) throw new Error('nobody')
  const owner = { groupId, account: carol.account, deviceId: carol.author.deviceId }
  let chain = createSenderChain(c, owner)
  const created = { drawn: drawn(), record: hex(encodeSenderChain(chain)) }
  const messages = ['zero', 'one', 'two', 'three'].map((text, number) => {
    const before = chain
    const messageId = idFromBytes<MessageId>(new Uint8Array(16).fill(number))
    const content = concatBytes(encodeHeads(heads), idToBytes(messageId), bytes(text))
    const sealed = encryptGroupMessage(c, chain, epochId, content)
    chain = sealed.chain
    const vector = { number, text, content: hex(content), drawn: drawn(), message: hex(sealed.message) }
    return { before, message: sealed.message, vector: { ...vector, record: hex(encodeSenderChain(chain)) } }
  })
  const [, first] = messages
  if (first === undefined) throw new Error('no message')
  const distribution = distributionOf(first.before, groupId, heads)
  let other = receiverChain(c, distribution, owner)
  const started = hex(encodeReceiverChain(other))
  const skipped = new Map<number, Uint8Array>()
  const received = [1, 3, 2].map((number): Json => {
    const { message } = messages[number] ?? first
    const header = openGroupHeader(c, other, message)
    if (header === null) throw new Error('a message of another chain')
    const opened = decryptGroupMessage(c, other, message, header, { find: (_id, at) => skipped.get(at) })
    for (const row of opened.newSkipped) skipped.set(row.number, row.key)
    other = opened.chain
    const rows = opened.newSkipped.map((row) => ({ number: row.number, key: hex(row.key) }))
    return { number, content: hex(opened.content), newSkipped: rows, record: hex(encodeReceiverChain(other)) }
  })
  return {
    owner: carol.name,
    created,
    sent: messages.map(({ vector }) => vector),
    distribution: hex(encodeDistribution(distribution)),
    receiver: { record: started, received },
  }
}
