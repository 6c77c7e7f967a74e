/** Devices in a group that keep in memory what services keep in the store. */

import type { AccountId, DeviceId, MessageId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { toBase64Url } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import {
  changeGroup,
  createGroup,
  decodeGroupRecord,
  decodeReceiverChain,
  encodeGroupRecord,
  encodeReceiverChain,
  joinGroup,
  receiveDistribution,
  receiveGroupMessage,
  restoreGroup,
  sendToGroup,
  takeGroupChanges,
} from '../index.ts'
import type {
  ChangeAuthor,
  ChangeOutcome,
  Crypto,
  DeviceLookup,
  Group,
  GroupDevice,
  GroupOperation,
  GroupReceived,
  GroupSent,
  ReceiverChain,
  SignerLookup,
} from '../index.ts'
import { makeParty } from './devices.ts'
import type { TestParty } from './devices.ts'

/** What all know of each other's devices. */
export class Directory {
  readonly #signingKeys = new Map<string, Uint8Array>()
  readonly #devices = new Map<AccountId, DeviceId[]>()

  readonly signers: SignerLookup = (account, deviceId) => this.#signingKeys.get(`${account} ${deviceId}`)
  readonly devicesOf: DeviceLookup = (account) => this.#devices.get(account) ?? []

  add({ account, deviceId }: GroupDevice, signingKey: Uint8Array): void {
    this.#signingKeys.set(`${account} ${deviceId}`, signingKey)
    this.#devices.set(account, [...this.devicesOf(account), deviceId])
  }

  /** As a newer list of this account has it; what the device signed stays verifiable. */
  takeOff({ account, deviceId }: GroupDevice): void {
    this.#devices.set(
      account,
      this.devicesOf(account).filter((other) => other !== deviceId),
    )
  }
}

export interface Posted extends GroupSent {
  readonly from: TestMember
  readonly messageId: MessageId
  readonly text: string
}

export class TestMember {
  readonly party: TestParty
  readonly self: GroupDevice
  readonly author: ChangeAuthor
  /** Text by message id. */
  readonly accepted = new Map<MessageId, string>()
  readonly #crypto: Crypto
  readonly #directory: Directory
  readonly #chains = new Map<string, Uint8Array[]>()
  readonly #skipped = new Map<string, Uint8Array>()
  #group: Group | null = null

  constructor(crypto: Crypto, directory: Directory, options: { readonly party?: TestParty } = {}) {
    this.#crypto = crypto
    this.#directory = directory
    this.party = options.party ?? makeParty(crypto)
    const { account, device } = this.party.local
    this.self = { account: idFromBytes<AccountId>(account), deviceId: device.deviceId }
    this.author = { account, deviceId: device.deviceId, signingSecret: device.signing.secretKey }
    directory.add(this.self, device.signing.publicKey)
  }

  get account(): AccountId {
    return this.self.account
  }

  get group(): Group {
    if (this.#group === null) throw new Error('in no group yet')
    return this.#group
  }

  get epoch(): string {
    return toBase64Url(this.group.history.epochId)
  }

  get changes(): readonly Uint8Array[] {
    return [...this.group.history.changes.values()].map(({ bytes }) => bytes)
  }

  /** Everything a store would hold. */
  get image(): string {
    const rows = (map: ReadonlyMap<string, Uint8Array>): unknown =>
      [...map].map(([key, row]) => [key, toBase64Url(row)])
    return JSON.stringify([
      toBase64Url(encodeGroupRecord(this.group)),
      this.changes.map(toBase64Url),
      [...this.group.history.waiting.keys()],
      [...this.#chains].map(([key, chains]) => [key, chains.map(toBase64Url)]),
      rows(this.#skipped),
    ])
  }

  get skippedCount(): number {
    return this.#skipped.size
  }

  create(others: readonly GroupOperation[]): void {
    this.#commit(createGroup(this.#crypto, this.author, others).group)
  }

  /** With all changes that the other has. */
  join(other: TestMember): void {
    this.#group = joinGroup(this.#crypto, this.self, other.group.history.groupId)
    this.take(other.changes)
  }

  change(operations: readonly GroupOperation[]): Uint8Array {
    const { group, change } = changeGroup(this.#crypto, this.group, this.author, operations)
    this.#commit(group)
    return change
  }

  take(changes: readonly Uint8Array[]): readonly ChangeOutcome[] {
    const { group, outcomes } = takeGroupChanges(this.#crypto, this.group, changes, this.#directory.signers)
    this.#commit(group)
    return outcomes
  }

  send(text: string, messageId = idFromBytes<MessageId>(this.#crypto.random(16))): Posted {
    const content = { messageId, text: new TextEncoder().encode(text) }
    const sent = sendToGroup(this.#crypto, this.group, content, this.#directory.devicesOf)
    this.#commit(sent.group)
    return { ...sent, from: this, messageId, text }
  }

  takeDistribution(bytes: Uint8Array, from: GroupDevice): string {
    const key = deviceName(from)
    const outcome = receiveDistribution(this.#crypto, this.group, bytes, from, this.#chainsOf(key))
    if (outcome.kind !== 'accepted') return outcome.kind
    const dropped = new Set(outcome.dropped.map(toBase64Url))
    const kept = this.#chainsOf(key).filter(({ chainId }) => !dropped.has(toBase64Url(chainId)))
    this.#chains.set(key, [outcome.chain, ...kept].map(encodeReceiverChain))
    return outcome.kind
  }

  receive(message: Uint8Array): GroupReceived {
    const received = receiveGroupMessage(this.#crypto, this.group, message, {
      chains: [...this.#chains.keys()].flatMap((key) => this.#chainsOf(key)),
      skipped: { find: (chainId, number) => this.#skipped.get(rowName(chainId, number)) },
    })
    if (received.kind !== 'message') return received
    const { decrypted, messageId, text, from } = received
    const { chain, newSkipped, consumedSkipped, oldestKept } = decrypted
    this.#setChain(deviceName(from), chain)
    for (const { chainId, number, key } of newSkipped) this.#skipped.set(rowName(chainId, number), key)
    if (consumedSkipped !== undefined) this.#skipped.delete(rowName(consumedSkipped.chainId, consumedSkipped.number))
    for (const name of [...this.#skipped.keys()])
      if (isOlder(name, chain.chainId, oldestKept)) this.#skipped.delete(name)
    this.accepted.set(messageId, new TextDecoder().decode(text))
    return received
  }

  /** `receive` by name: its kind, or the code of a refusal. */
  outcome(message: Uint8Array): string {
    try {
      return this.receive(message).kind
    } catch (error) {
      if (!isParleyError(error)) throw error
      return error.code
    }
  }

  /** What was posted, with the chain if it is owed. */
  hear(posted: Posted): string {
    if (posted.owedTo.some((device) => deviceName(device) === deviceName(this.self))) {
      this.takeDistribution(posted.distribution, posted.from.self)
    }
    return this.outcome(posted.message)
  }

  /** Through its stored form, as after a restart. */
  #commit(group: Group): void {
    const record = decodeGroupRecord(encodeGroupRecord(group))
    const changes = [...group.history.changes.values()].map(({ bytes }) => bytes)
    const restored = restoreGroup(this.#crypto, this.self, { ...record, changes })
    if (toBase64Url(restored.history.epochId) !== toBase64Url(group.history.epochId)) {
      throw new ParleyError('store-damaged', 'a group restored otherwise than it was')
    }
    this.#group = { ...group, own: restored.own }
  }

  #chainsOf(key: string): readonly ReceiverChain[] {
    return (this.#chains.get(key) ?? []).map(decodeReceiverChain)
  }

  #setChain(key: string, chain: ReceiverChain): void {
    const id = toBase64Url(chain.chainId)
    const chains = this.#chainsOf(key).map((other) => (toBase64Url(other.chainId) === id ? chain : other))
    this.#chains.set(key, chains.map(encodeReceiverChain))
  }
}

function deviceName({ account, deviceId }: GroupDevice): string {
  return `${account} ${deviceId}`
}

function rowName(chainId: Uint8Array, number: number): string {
  return `${toBase64Url(chainId)} ${number}`
}

function isOlder(name: string, chainId: Uint8Array, oldestKept: number): boolean {
  const [id, number] = name.split(' ')
  return id === toBase64Url(chainId) && Number(number) < oldestKept
}

export function add(...members: readonly TestMember[]): GroupOperation[] {
  return members.map(({ account }) => ({ kind: 'add', account }))
}

export function addAdmin(...members: readonly TestMember[]): GroupOperation[] {
  return members.map(({ account }) => ({ kind: 'add-admin', account }))
}

export function remove(...members: readonly TestMember[]): GroupOperation[] {
  return members.map(({ account }) => ({ kind: 'remove', account }))
}
