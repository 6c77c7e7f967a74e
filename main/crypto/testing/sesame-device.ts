/**
 * A device with its sessions with every device of its contacts: the rules of `services/session-box.ts` and
 * `storage/sessions.ts` over values, so that a copy of the whole device is one reference. Its sessions are not read back
 * from their stored form, which would import their keys again at each step: `SessionEnd` in devices.ts does that.
 */

import { concatBytes, toBase64Url } from '../../../shared/wire/bytes.ts'
import { ParleyError, isParleyError } from '../../../shared/errors.ts'
import type { DeviceId } from '../../../shared/model/ids.ts'
import {
  decryptMessage,
  encodeSession,
  encryptMessage,
  envelopeKind,
  generateDevice,
  generatePrekeys,
  handshakeSessionId,
  openHandshake,
  startSession,
} from '../index.ts'
import type {
  AccountKeys,
  Crypto,
  DeviceEntry,
  LocalParty,
  PrekeyBundle,
  PrekeySecret,
  SessionState,
  SkippedKey,
  SkippedKeyRef,
} from '../index.ts'

/** Of `storage/sessions.ts`. */
const MAX_PREVIOUS_SESSIONS = 5
/** After so many handshakes the last resort is handed out. */
const ONE_TIME_PREKEYS = 2

/** What lasts of a device: its keys, and the prekeys it has laid down. */
export interface SesameParty {
  readonly local: LocalParty
  readonly entry: DeviceEntry
  readonly prekeys: readonly PrekeySecret[]
}

export function makeSesameParty(c: Crypto, account: AccountKeys): SesameParty {
  const device = generateDevice(c)
  return {
    local: { account: account.publicKey, deviceListVersion: 1, device },
    entry: {
      deviceId: device.deviceId,
      peerKey: device.peer.publicKey,
      identityKey: device.identity.publicKey,
      signingKey: device.signing.publicKey,
    },
    prekeys: [
      ...generatePrekeys(c, device, 'signed', 1, 1),
      ...generatePrekeys(c, device, 'kem-last-resort', 2, 1),
      ...generatePrekeys(c, device, 'one-time', 3, ONE_TIME_PREKEYS),
      ...generatePrekeys(c, device, 'kem-one-time', 3 + ONE_TIME_PREKEYS, ONE_TIME_PREKEYS),
    ],
  }
}

/** A relay's directory: each one-time prekey is handed out once, then the last resort. It knows nothing of restored devices. */
export class Directory {
  readonly #taken = new Map<DeviceId, number>()

  take({ entry, prekeys }: SesameParty): PrekeyBundle {
    const taken = this.#taken.get(entry.deviceId) ?? 0
    this.#taken.set(entry.deviceId, taken + 1)
    const ofKind = (kind: PrekeySecret['kind']) => prekeys.filter((prekey) => prekey.kind === kind)
    const oneTime = ofKind('one-time')[taken]
    const [signed] = ofKind('signed')
    const kem = ofKind('kem-one-time')[taken] ?? ofKind('kem-last-resort')[0]
    if (signed === undefined || kem === undefined) throw new Error('no prekeys')
    const { deviceId, identityKey } = entry
    return { deviceId, identityKey, signed, kem, oneTime: oneTime ?? null }
  }
}

interface KeptSession {
  readonly peer: DeviceId
  readonly sessionId: string
  readonly session: SessionState
  readonly skipped: ReadonlyMap<string, Uint8Array>
}

/** All that a backup of the device holds of its sessions. Never changed, only replaced. */
export interface SesameState {
  /** The last used first: the first one of a peer is its current one. */
  readonly sessions: readonly KeptSession[]
  readonly spentPrekeys: ReadonlySet<number>
  readonly baseKeys: ReadonlySet<string>
}

export interface Received {
  readonly from: DeviceId
  readonly plaintext: Uint8Array
  /** Whether the secret of a post-quantum step that this device had offered went into the root. */
  readonly kemStep: boolean
  /** Whether a late chain may have been given up: what is still to come of it stays closed. */
  readonly isFullOfLateChains: boolean
}

export class SesameDevice {
  readonly party: SesameParty
  readonly #crypto: Crypto
  #state: SesameState = { sessions: [], spentPrekeys: new Set(), baseKeys: new Set() }
  #pruned = 0

  constructor(crypto: Crypto, party: SesameParty) {
    this.#crypto = crypto
    this.party = party
  }

  get id(): DeviceId {
    return this.party.entry.deviceId
  }

  get state(): SesameState {
    return this.#state
  }

  restore(state: SesameState): void {
    this.#state = state
  }

  /** Everything a store would hold of it, as a copy. */
  get image(): Uint8Array {
    const { sessions, spentPrekeys, baseKeys } = this.#state
    const names: string[] = [...[...spentPrekeys].map(String), ...baseKeys]
    const parts: Uint8Array[] = []
    for (const { peer, sessionId, session, skipped } of sessions) {
      names.push(peer, sessionId, ...skipped.keys())
      parts.push(encodeSession(session), ...skipped.values())
    }
    return concatBytes(new TextEncoder().encode(names.join()), ...parts)
  }

  sessionIds(peer: DeviceId): readonly string[] {
    return this.#state.sessions.filter((session) => session.peer === peer).map(({ sessionId }) => sessionId)
  }

  /** How many sessions were ever given up. */
  get pruned(): number {
    return this.#pruned
  }

  /** A fresh session becomes the current one. */
  archive(peer: SesameParty, bundle: PrekeyBundle, nowMs: number): void {
    const remote = { account: peer.local.account, device: peer.entry }
    this.#adopt(peer.entry.deviceId, startSession(this.#crypto, this.party.local, remote, bundle, nowMs), [])
  }

  send(peer: DeviceId, plaintext: Uint8Array): Uint8Array {
    const current = this.#state.sessions.find((session) => session.peer === peer)
    if (current === undefined) throw new Error('no session with that device')
    const sealed = encryptMessage(this.#crypto, current.session, plaintext)
    this.#put({ ...current, session: sealed.session })
    return sealed.envelope
  }

  /** @throws as the session does */
  receive(envelope: Uint8Array, nowMs: number): Received {
    const { sessions } = this.#state
    if (envelopeKind(envelope) === 'message') return this.#receiveInAny(sessions, envelope, nowMs)
    const sessionId = toBase64Url(handshakeSessionId(this.#crypto, envelope))
    const known = sessions.filter((session) => session.sessionId === sessionId)
    return known.length > 0 ? this.#receiveInAny(known, envelope, nowMs) : this.#receiveHandshake(envelope, nowMs)
  }

  #receiveInAny(sessions: readonly KeptSession[], envelope: Uint8Array, nowMs: number): Received {
    for (const session of sessions) {
      try {
        return this.#receiveIn(session, envelope, nowMs)
      } catch (error) {
        if (!isParleyError(error, 'cannot-decrypt') && !isParleyError(error, 'malformed')) throw error
      }
    }
    throw new ParleyError('cannot-decrypt')
  }

  #receiveIn(kept: KeptSession, envelope: Uint8Array, nowMs: number): Received {
    const opened = decryptMessage(
      this.#crypto,
      kept.session,
      envelope,
      { find: (headerKeyId, messageNumber) => kept.skipped.get(rowName({ headerKeyId, messageNumber })) },
      nowMs,
    )
    const { session, plaintext, newSkipped, consumedSkipped } = opened
    this.#put({
      ...kept,
      session,
      skipped: withRows(kept.skipped, newSkipped, consumedSkipped),
    })
    return {
      from: kept.peer,
      plaintext,
      kemStep: kept.session.kem.kind === 'offer' && session.kem.kind !== 'offer',
      isFullOfLateChains: session.lateChains.length === 5,
    }
  }

  #receiveHandshake(envelope: Uint8Array, nowMs: number): Received {
    const { local, prekeys } = this.party
    const { spentPrekeys, baseKeys } = this.#state
    const unspent =
      (...kinds: PrekeySecret['kind'][]) =>
      (id: number) =>
        prekeys.find((prekey) => prekey.id === id && kinds.includes(prekey.kind) && !spentPrekeys.has(id))
    const lookup = {
      signed: unspent('signed'),
      oneTime: unspent('one-time'),
      kem: unspent('kem-one-time', 'kem-last-resort'),
    }
    const opened = openHandshake(this.#crypto, local, envelope, lookup, nowMs)
    const { oneTimeId, kemOneTimeId, lastResort } = opened.usedPrekeys
    const baseKey = toBase64Url(opened.baseKeyHash)
    if (lastResort && baseKeys.has(baseKey)) throw new ParleyError('cannot-decrypt')
    const spent = [oneTimeId, kemOneTimeId].filter((id) => id !== undefined)
    this.#state = {
      ...this.#state,
      spentPrekeys: new Set([...spentPrekeys, ...spent]),
      baseKeys: lastResort ? new Set([...baseKeys, baseKey]) : baseKeys,
    }
    const from = opened.sender.deviceId
    this.#adopt(from, opened.session, opened.skipped)
    return { from, plaintext: opened.plaintext, kemStep: false, isFullOfLateChains: false }
  }

  #adopt(peer: DeviceId, session: SessionState, skipped: readonly SkippedKey[]): void {
    const sessionId = toBase64Url(session.sessionId)
    this.#put({ peer, sessionId, session, skipped: withRows(new Map(), skipped) })
  }

  /** It becomes the current one of its device; beyond five previous ones those that were used the longest ago go. */
  #put(used: KeptSession): void {
    const all = [used, ...this.#state.sessions.filter(({ sessionId }) => sessionId !== used.sessionId)]
    const kept = all.filter(({ peer }) => peer === used.peer).slice(0, 1 + MAX_PREVIOUS_SESSIONS)
    const sessions = all.filter((session) => session.peer !== used.peer || kept.includes(session))
    this.#pruned += all.length - sessions.length
    this.#state = { ...this.#state, sessions }
  }
}

function rowName({ headerKeyId, messageNumber }: SkippedKeyRef): string {
  return `${toBase64Url(headerKeyId)} ${messageNumber}`
}

function withRows(
  rows: ReadonlyMap<string, Uint8Array>,
  added: readonly SkippedKey[],
  consumed?: SkippedKeyRef,
): ReadonlyMap<string, Uint8Array> {
  if (added.length === 0 && consumed === undefined) return rows
  const changed = new Map(rows)
  for (const key of added) changed.set(rowName(key), key.key)
  if (consumed !== undefined) changed.delete(rowName(consumed))
  return changed
}
