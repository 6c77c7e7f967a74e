/** A group of 1,024: what it costs is counted, not timed. */

import { expect, test } from 'vitest'
import type { AccountId, DeviceId, MessageId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { selectBackend } from '../backend/select-backend.ts'
import {
  changeGroup,
  createCrypto,
  createGroup,
  decodeChange,
  decodeGroupRecord,
  encodeGroupRecord,
  generateAccount,
  generateDevice,
  joinGroup,
  restoreGroup,
  sendToGroup,
  takeGroupChanges,
} from '../index.ts'
import type { Crypto, DeviceLookup, Group, GroupOperation } from '../index.ts'
import { outcomeOf } from '../testing/devices.ts'
import { repeatableRandom } from '../testing/repeatable-random.ts'

const SIZE = 1_024
const backend = await selectBackend()

function accountAt(at: number): AccountId {
  return idFromBytes(backend.sha256(Uint8Array.of(at >> 8, at & 0xff)))
}

/** A crypto that counts what it signs, verifies and seals. */
function counting(seed: string) {
  const counts = { signed: 0, verified: 0, sealed: 0 }
  const counted: Crypto['backend'] = {
    ...backend,
    ed25519Sign: (...args) => {
      counts.signed += 1
      return backend.ed25519Sign(...args)
    },
    ed25519Verify: (...args) => {
      counts.verified += 1
      return backend.ed25519Verify(...args)
    },
    seal: (...args) => {
      counts.sealed += 1
      return backend.seal(...args)
    },
  }
  return { c: createCrypto(counted, repeatableRandom(seed)), counts }
}

function scene(seed: string, others: number) {
  const { c, counts } = counting(seed)
  const [{ publicKey }, device] = [generateAccount(c), generateDevice(c)]
  const author = { account: publicKey, deviceId: device.deviceId, signingSecret: device.signing.secretKey }
  const operations = Array.from({ length: others }, (_, at): GroupOperation => ({
    kind: 'add',
    account: accountAt(at),
  }))
  const { group, change } = createGroup(c, author, operations)
  const content = { messageId: idFromBytes<MessageId>(new Uint8Array(16)), text: new Uint8Array(200) }
  const self = { account: idFromBytes<AccountId>(publicKey), deviceId: device.deviceId }
  const ofOthers = idFromBytes<DeviceId>(new Uint8Array(16).fill(7))
  /** Each account has one device. */
  const devicesOf: DeviceLookup = (account) => [account === self.account ? self.deviceId : ofOthers]
  const send = (from: Group) => sendToGroup(c, from, content, devicesOf)
  const signers = () => device.signing.publicKey
  return { c, counts, author, group, change, send, signers }
}

test('a removal makes one chain, one content for all, owed to each who remains and to nobody else', () => {
  const { c, counts, author, group, change, send } = scene('removal', SIZE - 1)
  expect(group.history.members.size).toBe(SIZE)
  expect(change.length).toBeLessThan(34_000)
  const first = send(group)
  expect(first.owedTo).toHaveLength(SIZE - 1)
  expect(send(first.group).owedTo).toEqual([])

  Object.assign(counts, { signed: 0, verified: 0, sealed: 0 })
  const gone = accountAt(500)
  const removal = changeGroup(c, first.group, author, [{ kind: 'remove', account: gone }])
  const rotated = send(removal.group)
  expect(rotated.owedTo).toHaveLength(SIZE - 2)
  expect(rotated.owedTo.map(({ account }) => account)).not.toContain(gone)
  expect(new Set(rotated.owedTo.map(({ account }) => account)).size).toBe(SIZE - 2)
  expect(rotated.distribution.length).toBeLessThan(200)
  expect(removal.change.length).toBeLessThan(250)
  // The change and the message; a header and a body.
  expect(counts).toEqual({ signed: 2, verified: 1, sealed: 2 })
  expect(rotated.group.own?.chain.chainId).not.toEqual(first.group.own?.chain.chainId)

  const back = changeGroup(c, rotated.group, author, [{ kind: 'add', account: gone }])
  const added = send(back.group)
  expect(added.owedTo.map(({ account }) => account)).toEqual([gone])
  expect(added.group.own?.chain.chainId).toEqual(rotated.group.own?.chain.chainId)
})

test('is full: one more is refused, one instead of another is not', () => {
  const { c, author, group } = scene('full', SIZE - 1)
  const more: GroupOperation = { kind: 'add', account: accountAt(SIZE) }
  expect(outcomeOf(() => changeGroup(c, group, author, [more]))).toBe('blocked')
  const instead: GroupOperation[] = [{ kind: 'remove', account: accountAt(0) }, more]
  expect(changeGroup(c, group, author, instead).group.history.members.size).toBe(SIZE)
})

test('grows one by one: each change is judged and applied once, and the last costs what the first did', () => {
  const { c, counts, author, group, change, signers } = scene('growing', 0)
  let grown = group
  const changes = [change]
  for (let at = 0; at < SIZE - 1; at++) {
    const next = changeGroup(c, grown, author, [{ kind: 'add', account: accountAt(at) }])
    grown = next.group
    changes.push(next.change)
  }
  counts.verified = 0
  const joined = takeGroupChanges(c, joinGroup(c, group.self, group.history.groupId), changes, signers)
  expect(counts.verified).toBe(SIZE)
  expect(joined.accepted).toHaveLength(SIZE)
  expect(joined.group.history.members.size).toBe(SIZE)
  expect(joined.group.history.epochId).toEqual(grown.history.epochId)
  expect(joined.group.history.heads).toEqual([decodeChange(c, changes.at(-1) ?? change).hash])
  // Of all that came before only the newest group is kept.
  expect(joined.group.history.headMembers.size).toBe(1)
})

test('is restored from its record and its changes', () => {
  const { c, group, send } = scene('record', SIZE - 1)
  const { group: spoken } = send(group)
  const record = encodeGroupRecord(spoken)
  const changes = [...spoken.history.changes.values()].map(({ bytes }) => bytes)
  const restored = restoreGroup(c, spoken.self, { ...decodeGroupRecord(record), changes })
  expect(encodeGroupRecord(restored)).toEqual(record)
  expect(restored.history.epochId).toEqual(spoken.history.epochId)
  expect(send(restored).owedTo).toEqual([])
})
