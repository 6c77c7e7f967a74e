/**
 * The vectors of docs/protocol/vectors, made from fixed randomness: `node scripts/session-vectors.ts` writes them, and
 * session-vectors.test.ts holds every backend to what was written.
 */

import { idToBytes } from '../../../shared/model/ids.ts'
import { paddedSize } from '../../../shared/wire/envelope.ts'
import {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentEncryptor,
  createCrypto,
  encodePrekeyBundle,
  encodeRecoveryKey,
  encodeSession,
  envelopeId,
  inviteKeys,
  openDeviceList,
  openHandshake,
  safetyNumber,
  sealDirectoryItem,
  sealEphemeral,
  sealInviteBundle,
  sealRecovery,
  signDeviceList,
  wrapKey,
} from '../index.ts'
import type { Backend, Crypto, PrekeySecret } from '../index.ts'
import { begin, bytes, makeParty, NOW_MS, SessionEnd } from './devices.ts'
import type { TestParty } from './devices.ts'
import { repeatableRandom } from './repeatable-random.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

/** A crypto whose draws are written down: `drawn` gives those since it was last asked, one after the other. */
export function recording(backend: Backend, seed: string): { readonly c: Crypto; readonly drawn: () => string } {
  const source = repeatableRandom(seed)
  let drawn = ''
  const random = (sizeBytes: number): Uint8Array => {
    const value = source(sizeBytes)
    drawn += hex(value)
    return value
  }
  return {
    c: createCrypto(backend, random),
    drawn: () => {
      const since = drawn
      drawn = ''
      return since
    },
  }
}

/** File name to content. */
export function sessionVectors(backend: Backend): Readonly<Record<string, Json>> {
  return {
    'session-identity.json': identityVectors(backend),
    'session-conversation.json': conversationVectors(backend),
    'session-boxes.json': boxVectors(backend),
  }
}

/** As the file holds it. */
export function vectorFileText(content: Json): string {
  return `${JSON.stringify(content, null, 2)}\n`
}

function partyVector({ local, prekeys, bundle }: TestParty): Json {
  const { device } = local
  const prekey = ({ id, secret, publicKey, signature }: PrekeySecret): Json => ({
    number: id,
    secret: hex(secret),
    publicKey: hex(publicKey),
    signature: hex(signature),
  })
  return {
    accountKey: hex(local.account),
    deviceId: hex(idToBytes(device.deviceId)),
    peer: { secret: hex(device.peer.secretKey), publicKey: hex(device.peer.publicKey) },
    identity: { secret: hex(device.identity.secretKey), publicKey: hex(device.identity.publicKey) },
    signing: { secret: hex(device.signing.secretKey), publicKey: hex(device.signing.publicKey) },
    prekeys: Object.fromEntries(prekeys.map((item) => [item.kind, prekey(item)])),
    bundle: hex(encodePrekeyBundle(bundle)),
  }
}

function identityVectors(backend: Backend): Json {
  const { c } = recording(backend, 'identity')
  const accounts = [1, 2].map((fill) => {
    const secretKey = new Uint8Array(32).fill(fill)
    return { secretKey, publicKey: backend.ed25519Public(secretKey) }
  })
  const [first, second] = accounts
  if (first === undefined || second === undefined) throw new Error('two accounts')
  const { entry } = makeParty(c)
  const list = { version: 7, createdAtMs: 1_700_000_000_000, devices: [entry] }
  const signed = signDeviceList(c, first, list)
  openDeviceList(c, signed, first.publicKey)
  return {
    accounts: accounts.map(({ secretKey, publicKey }) => ({ seed: hex(secretKey), publicKey: hex(publicKey) })),
    safetyNumber: safetyNumber(c, first.publicKey, second.publicKey),
    deviceList: {
      account: 0,
      version: list.version,
      createdAtMs: list.createdAtMs,
      deviceId: hex(idToBytes(entry.deviceId)),
      peerKey: hex(entry.peerKey),
      identityKey: hex(entry.identityKey),
      signingKey: hex(entry.signingKey),
      bytes: hex(signed),
    },
  }
}

/**
 * Alice speaks twice, Bob opens the second first, answers, and both go on; a message of a chain that was left comes late.
 * Each step names the bytes drawn for it, in order.
 */
function conversationVectors(backend: Backend): Json {
  const { c, drawn } = recording(backend, 'conversation')
  const [a, b] = [makeParty(c), makeParty(c)]
  drawn()
  const alice = new SessionEnd(c, begin(c, a, b))
  const started = { drawn: drawn(), session: hex(encodeSession(alice.session)) }
  const steps: Json[] = []
  const send = (from: string, end: SessionEnd, plaintext: string): Uint8Array => {
    const envelope = end.send(bytes(plaintext))
    const id = hex(idToBytes(envelopeId(c, envelope)))
    steps.push({ send: from, plaintext, drawn: drawn(), envelope: hex(envelope), envelopeId: id, ...stateOf(end) })
    return envelope
  }
  const receive = (to: string, end: SessionEnd, envelope: Uint8Array): void => {
    const plaintext = Buffer.from(end.receive(envelope)).toString()
    steps.push({
      receive: to,
      envelopeId: hex(idToBytes(envelopeId(c, envelope))),
      plaintext,
      drawn: drawn(),
      ...stateOf(end),
    })
  }
  const first = send('alice', alice, 'one')
  const second = send('alice', alice, 'two')
  const opened = openHandshake(c, b.local, second, b.lookup, NOW_MS)
  const bob = new SessionEnd(c, opened.session, opened.skipped)
  steps.push({
    receive: 'bob',
    envelopeId: hex(idToBytes(envelopeId(c, second))),
    plaintext: Buffer.from(opened.plaintext).toString(),
    drawn: drawn(),
    baseKeyHash: hex(opened.baseKeyHash),
    ...stateOf(bob),
  })
  const late = send('bob', bob, 'late')
  receive('alice', alice, send('bob', bob, 'three'))
  receive('bob', bob, send('alice', alice, 'four'))
  receive('alice', alice, send('bob', bob, 'five'))
  receive('alice', alice, late)
  receive('bob', bob, first)
  const ephemeral = [
    { from: 'alice', end: alice },
    { from: 'bob', end: bob },
  ].map(({ from, end }) => {
    const envelope = sealEphemeral(c, end.session, bytes('typing'))
    return { from, plaintext: 'typing', drawn: drawn(), envelope: hex(envelope) }
  })
  return { alice: partyVector(a), bob: partyVector(b), started, steps, ephemeral }
}

function stateOf(end: SessionEnd): { readonly session: string; readonly skippedKeys: number } {
  return { session: hex(encodeSession(end.session)), skippedKeys: end.skippedCount }
}

function boxVectors(backend: Backend): Json {
  const { c, drawn } = recording(backend, 'boxes')
  const key = Uint8Array.from({ length: 32 }, (_, index) => index)
  const content = bytes('parley')
  const drawing = (box: Uint8Array): Json => ({ drawn: drawn(), bytes: hex(box) })
  const { slotId, bundleKey } = inviteKeys(c, key)
  return {
    key: hex(key),
    content: hex(content),
    recoveryKeyText: encodeRecoveryKey(c, key),
    recoveryFile: drawing(sealRecovery(c, key, content)),
    wrappedKey: { of: 'aa'.repeat(32), box: drawing(wrapKey(c, key, new Uint8Array(32).fill(0xaa))) },
    invite: { slotId: hex(slotId), bundleKey: hex(bundleKey), item: drawing(sealInviteBundle(c, key, content)) },
    directoryItem: drawing(sealDirectoryItem(c, key, content)),
    attachments: [6, ATTACHMENT_SEGMENT_BYTES, 2 * ATTACHMENT_SEGMENT_BYTES + 1].map((sizeBytes) =>
      attachmentVector(c, key, sizeBytes),
    ),
    paddedSizes: [1, 1_024, 1_025, 4_097, 65_537, 100_000, 160_100].map((size) => ({ size, padded: paddedSize(size) })),
  }
}

/** Byte n of the plaintext is n modulo 251. */
function attachmentVector(c: Crypto, key: Uint8Array, sizeBytes: number): Json {
  const encryptor = attachmentEncryptor(c, key)
  const segments: Json[] = []
  for (let at = 0; at < sizeBytes; at += ATTACHMENT_SEGMENT_BYTES) {
    const end = Math.min(sizeBytes, at + ATTACHMENT_SEGMENT_BYTES)
    const plaintext = Uint8Array.from({ length: end - at }, (_, index) => (at + index) % 251)
    const sealed = encryptor.seal(plaintext, end === sizeBytes)
    segments.push({ tag: hex(sealed.slice(-16)), sha256: hex(c.backend.sha256(sealed)) })
  }
  return { sizeBytes, segments }
}
