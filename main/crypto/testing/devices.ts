/** Devices that keep in memory what services keep in the store: the rules of `services/session-box.ts` over maps. */

import { equalBytes, toBase64Url } from '../../../shared/wire/bytes.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import {
  decodeSession,
  decryptMessage,
  encodeSession,
  encryptMessage,
  envelopeKind,
  generateAccount,
  generateDevice,
  generatePrekeys,
  handshakeSessionId,
  openHandshake,
  startSession,
} from '../index.ts'
import type {
  Crypto,
  DeviceEntry,
  LocalParty,
  PrekeyBundle,
  PrekeyLookup,
  PrekeySecret,
  RemoteParty,
  SessionState,
  SkippedKey,
  SkippedKeyLookup,
  SkippedKeyRef,
} from '../index.ts'

export interface TestParty {
  readonly local: LocalParty
  readonly entry: DeviceEntry
  readonly prekeys: readonly PrekeySecret[]
  readonly bundle: PrekeyBundle
  readonly lookup: PrekeyLookup
}

/** An account with one device, a signed prekey 1, and unless `lastResort` the one-time prekeys 2 and 3. */
export function makeParty(c: Crypto, options: { readonly lastResort?: boolean } = {}): TestParty {
  const account = generateAccount(c)
  const device = generateDevice(c)
  const [signed] = generatePrekeys(c, device, 'signed', 1, 1)
  const [oneTime] = generatePrekeys(c, device, 'one-time', 2, 1)
  const [kem] = generatePrekeys(c, device, options.lastResort === true ? 'kem-last-resort' : 'kem-one-time', 3, 1)
  if (signed === undefined || oneTime === undefined || kem === undefined) throw new Error('one prekey of each kind')
  const publicPart = ({ id, publicKey, signature }: PrekeySecret) => ({ id, publicKey, signature })
  return {
    local: { account: account.publicKey, deviceListVersion: 1, device },
    entry: {
      deviceId: device.deviceId,
      peerKey: device.peer.publicKey,
      identityKey: device.identity.publicKey,
      signingKey: device.signing.publicKey,
    },
    prekeys: [signed, oneTime, kem],
    bundle: {
      deviceId: device.deviceId,
      identityKey: device.identity.publicKey,
      signed: publicPart(signed),
      kem: publicPart(kem),
      oneTime: options.lastResort === true ? null : { id: oneTime.id, publicKey: oneTime.publicKey },
    },
    lookup: {
      signed: (id) => (id === signed.id ? signed : undefined),
      oneTime: (id) => (id === oneTime.id ? oneTime : undefined),
      kem: (id) => (id === kem.id ? kem : undefined),
    },
  }
}

/** When everything in a test happens that does not say otherwise. */
export const NOW_MS = 1_700_000_000_000

export function begin(c: Crypto, from: TestParty, to: TestParty, nowMs = NOW_MS): SessionState {
  const remote: RemoteParty = { account: to.local.account, device: to.entry }
  return startSession(c, from.local, remote, to.bundle, nowMs)
}

/** One end of one session, with its rows of skipped keys. Its state passes through its stored form at each step. */
export class SessionEnd {
  readonly #crypto: Crypto
  #stored: Uint8Array
  readonly #skipped = new Map<string, Uint8Array>()

  constructor(crypto: Crypto, session: SessionState, skipped: readonly SkippedKey[] = []) {
    this.#crypto = crypto
    this.#stored = encodeSession(session)
    for (const key of skipped) this.#skipped.set(rowName(key), key.key)
  }

  get session(): SessionState {
    return decodeSession(this.#stored)
  }

  /** Everything a store would hold of it. */
  get image(): string {
    return JSON.stringify([
      toBase64Url(this.#stored),
      [...this.#skipped].map(([name, key]) => [name, toBase64Url(key)]),
    ])
  }

  get skippedCount(): number {
    return this.#skipped.size
  }

  send(plaintext: Uint8Array): Uint8Array {
    const sealed = encryptMessage(this.#crypto, this.session, plaintext)
    this.#stored = encodeSession(sealed.session)
    return sealed.envelope
  }

  receive(envelope: Uint8Array, nowMs = NOW_MS): Uint8Array {
    const rows: SkippedKeyLookup = {
      find: (headerKeyId, messageNumber) => this.#skipped.get(rowName({ headerKeyId, messageNumber })),
    }
    const opened = decryptMessage(this.#crypto, this.session, envelope, rows, nowMs)
    this.#stored = encodeSession(opened.session)
    for (const key of opened.newSkipped) this.#skipped.set(rowName(key), key.key)
    if (opened.consumedSkipped !== undefined) this.#skipped.delete(rowName(opened.consumedSkipped))
    return opened.plaintext
  }
}

function rowName({ headerKeyId, messageNumber }: SkippedKeyRef): string {
  return `${toBase64Url(headerKeyId)} ${messageNumber}`
}

/** Two ends whose first message has arrived. */
export function meet(c: Crypto): { readonly alice: SessionEnd; readonly bob: SessionEnd } {
  const [a, b] = [makeParty(c), makeParty(c)]
  const alice = new SessionEnd(c, begin(c, a, b))
  const opened = openHandshake(c, b.local, alice.send(bytes('first')), b.lookup, NOW_MS)
  return { alice, bob: new SessionEnd(c, opened.session, opened.skipped) }
}

/** A device with all its sessions with one other: starts one when it has none, takes those that the other starts. */
export class TestDevice {
  readonly #crypto: Crypto
  readonly #self: TestParty
  readonly #peer: TestParty
  readonly #spent = new Set<number>()
  /** The current one first. */
  #sessions: SessionEnd[] = []

  constructor(crypto: Crypto, self: TestParty, peer: TestParty) {
    this.#crypto = crypto
    this.#self = self
    this.#peer = peer
  }

  get image(): string {
    return JSON.stringify([this.#sessions.map((session) => session.image), [...this.#spent]])
  }

  /** Whether a chain may have been given up: then what is late of it stays closed. */
  get isFullOfLateChains(): boolean {
    return this.#sessions.some((end) => end.session.lateChains.length === 5)
  }

  send(plaintext: Uint8Array): Uint8Array {
    const current = this.#sessions[0] ?? new SessionEnd(this.#crypto, begin(this.#crypto, this.#self, this.#peer))
    if (this.#sessions.length === 0) this.#sessions = [current]
    return current.send(plaintext)
  }

  /** @throws as the session does */
  receive(envelope: Uint8Array): Uint8Array {
    if (envelopeKind(envelope) === 'message') return this.#receiveInAny(this.#sessions, envelope)
    const id = handshakeSessionId(this.#crypto, envelope)
    const known = this.#sessions.filter((end) => equalBytes(end.session.sessionId, id))
    return known.length > 0 ? this.#receiveInAny(known, envelope) : this.#receiveHandshake(envelope)
  }

  #receiveInAny(sessions: readonly SessionEnd[], envelope: Uint8Array): Uint8Array {
    let failure: Error = new ParleyError('cannot-decrypt')
    for (const end of sessions) {
      try {
        const plaintext = end.receive(envelope)
        this.#sessions = [end, ...this.#sessions.filter((other) => other !== end)]
        return plaintext
      } catch (error) {
        if (!isParleyError(error)) throw error
        failure = error
      }
    }
    throw failure
  }

  #receiveHandshake(envelope: Uint8Array): Uint8Array {
    const { lookup, local } = this.#self
    const unspent = (id: number, find: (id: number) => PrekeySecret | undefined) =>
      this.#spent.has(id) ? undefined : find(id)
    const opened = openHandshake(
      this.#crypto,
      local,
      envelope,
      {
        signed: lookup.signed,
        oneTime: (id) => unspent(id, lookup.oneTime),
        kem: (id) => unspent(id, lookup.kem),
      },
      NOW_MS,
    )
    const { oneTimeId, kemOneTimeId } = opened.usedPrekeys
    for (const id of [oneTimeId, kemOneTimeId]) if (id !== undefined) this.#spent.add(id)
    this.#sessions = [new SessionEnd(this.#crypto, opened.session, opened.skipped), ...this.#sessions]
    return opened.plaintext
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

/** `'accepted'`, the code of an expected refusal, or what shows a bug. */
export function outcomeOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return isParleyError(error) ? error.code : `a bug: ${String(error)}`
  }
}

/** A peer that does not keep to the format: what it is about to seal, when it has `sizeBytes`, is changed first. */
export function sealingOtherwise(c: Crypto, sizeBytes: number, change: (plaintext: Uint8Array) => void): Crypto {
  const { backend } = c
  return {
    ...c,
    backend: {
      ...backend,
      seal: (key, nonce, ad, plaintext) => {
        const sealed = plaintext.slice()
        if (sealed.length === sizeBytes) change(sealed)
        return backend.seal(key, nonce, ad, sealed)
      },
    },
  }
}

export function withBitFlipped(envelope: Uint8Array, bit: number): Uint8Array {
  const changed = envelope.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}
