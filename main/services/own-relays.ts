/** The relays that hold this account's messages: connections as owner, what lies there, adding and removing. */

import { MAX_OWN_RELAYS, MEMORY_MS } from '../domain/delivery-limits.ts'
import { isRelayRefusal, reconnectAfterMs } from '../domain/reconnect.ts'
import type { DeliveryToken, OwnerConnection, PushedEnvelope, RelayContactPoint, RelayPort } from '../ports/relay.ts'
import type { InviteRecord, OwnRelayRecord } from '../ports/store/records.ts'
import { decodeRelayAddress } from '../../shared/wire/relay-address.ts'
import type { RelayView } from '../../shared/model/chat.ts'
import type { EnvelopeId, RelayId } from '../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import { envelopeId, generateSigningKey } from '../crypto/index.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import { lostRelay } from './live-relay.ts'
import type { LiveRelay } from './live-relay.ts'
import type { Incoming } from './incoming.ts'
import type { Paths } from './paths.ts'
import type { PrekeyStock } from './prekey-stock.ts'
import { deliveryToken, mailboxIdOf, offeredRelays } from './reach.ts'
import { relayDisplayName } from './views.ts'

export interface RelayChanges {
  /** A relay's state, for the window and for who waits for a path. */
  onRelayState(relayId: RelayId): void
  /** The list that contacts know is no longer the one in use. */
  onOwnRelaysChanged(): void
}

export class OwnRelays {
  readonly #core: Core
  readonly #port: RelayPort
  readonly #paths: Paths
  readonly #prekeys: PrekeyStock
  readonly #incoming: () => Incoming
  readonly #changes: RelayChanges
  readonly #live = new Map<RelayId, LiveRelay>()
  #stopped = false

  constructor(
    core: Core,
    parts: {
      readonly port: RelayPort
      readonly paths: Paths
      readonly prekeys: PrekeyStock
      readonly incoming: () => Incoming
      readonly changes: RelayChanges
    },
  ) {
    this.#core = core
    this.#port = parts.port
    this.#paths = parts.paths
    this.#prekeys = parts.prekeys
    this.#incoming = parts.incoming
    this.#changes = parts.changes
  }

  start(): void {
    for (const relay of this.#core.store.relays.list()) void this.#connect(relay)
  }

  /** The network came back: no waiting for the next attempt. */
  retryNow(): void {
    for (const relay of this.#core.store.relays.list()) {
      const live = this.#liveOf(relay.relayId)
      if (live.connection !== null || live.cancelRetry === null) continue
      live.cancelRetry()
      live.cancelRetry = null
      live.attempt = 0
      void this.#connect(relay)
    }
  }

  views(): readonly RelayView[] {
    return offeredRelays(this.#core.store).map((relay) => this.#view(relay))
  }

  connections(): readonly OwnerConnection[] {
    return [...this.#live.values()].map((live) => live.connection).filter((connection) => connection !== null)
  }

  /** @throws malformed | unreachable | timeout | relay-lying | relay-refused | relay-invite-needed | bad-request when there are three already */
  async add(address: string): Promise<RelayView> {
    const wanted = decodeRelayAddress(address)
    const info = await this.#port.probe(wanted.addresses, wanted.relayId)
    const known = this.#core.store.relays.get(info.relayId)
    const admission = wanted.admission ?? null
    if (known?.state === 'active') return this.#addAgain(known, admission)
    if (offeredRelays(this.#core.store).length >= MAX_OWN_RELAYS)
      throw new ParleyError('bad-request', 'three relays are the most')
    // The address that worked here comes first; the relay's own list follows.
    const addresses = [...new Set([...wanted.addresses, ...info.addresses])].slice(0, 8)
    const relay = await this.#open({ relayId: info.relayId, addresses }, admission)
    const refusal = this.#letGoIfRefused(relay.relayId)
    if (refusal !== null) throw new ParleyError(refusal, 'no new mailboxes')
    return this.#view(relay)
  }

  /** A line with an invite in it is how somebody answers a relay that asks for one. */
  async #addAgain(relay: OwnRelayRecord, admission: Uint8Array | null): Promise<RelayView> {
    const live = this.#liveOf(relay.relayId)
    if (live.connection !== null || admission === null) return this.#view(relay)
    live.admission = admission
    live.cancelRetry?.()
    live.cancelRetry = null
    await this.#connect(relay)
    if (live.failure === 'relay-invite-needed') throw new ParleyError(live.failure, 'this invite opens nothing')
    return this.#view(relay)
  }

  /** A relay that opened no mailbox for us is none of ours, and nobody is told of it. Null: it did, or does not answer. */
  #letGoIfRefused(relayId: RelayId): ErrorCode | null {
    const { failure } = this.#liveOf(relayId)
    if (failure !== 'relay-refused' && failure !== 'relay-invite-needed') return null
    this.forget(relayId)
    this.#core.store.transaction(() => {
      this.#changes.onOwnRelaysChanged()
    })
    return failure
  }

  /** A newcomer starts with the relays of the one who invited them. Resolves when each answered or failed. */
  async adopt(relays: readonly RelayContactPoint[]): Promise<void> {
    if (offeredRelays(this.#core.store).length > 0) return
    await Promise.all(
      relays.slice(0, MAX_OWN_RELAYS).map(async (relay) => {
        this.#letGoIfRefused((await this.#open(relay)).relayId)
      }),
    )
  }

  async #open(relay: RelayContactPoint, admission: Uint8Array | null = null): Promise<OwnRelayRecord> {
    const { store, crypto, clock } = this.#core
    const key = generateSigningKey(crypto)
    const record: OwnRelayRecord = {
      relayId: relay.relayId,
      addresses: relay.addresses,
      mailboxPublic: key.publicKey,
      mailboxSecret: key.secretKey,
      state: 'active',
      addedAtMs: clock.nowMs(),
      leftAtMs: null,
      directoryFilled: false,
    }
    store.transaction(() => {
      if (store.relays.get(relay.relayId) === null) store.relays.insert(record)
      else store.relays.update(relay.relayId, { state: 'active', leftAtMs: null })
      this.#changes.onOwnRelaysChanged()
    })
    const stored = store.relays.get(relay.relayId) ?? record
    this.#liveOf(relay.relayId).admission = admission
    await this.#connect(stored)
    return stored
  }

  /** Contacts are told; envelopes that still come there are read until the contacts confirmed. */
  remove(relayId: RelayId): void {
    const { store, clock } = this.#core
    store.transaction(() => {
      if (store.relays.get(relayId) === null) throw new ParleyError('not-found', 'relay')
      store.relays.update(relayId, { state: 'leaving', leftAtMs: clock.nowMs() })
      this.#changes.onOwnRelaysChanged()
    })
    if (store.contacts.list().length === 0) this.forget(relayId)
  }

  /** Nobody needs it any more. */
  forget(relayId: RelayId): void {
    this.#core.store.transaction(() => {
      this.#core.store.relays.delete(relayId)
    })
    const live = this.#live.get(relayId)
    this.#live.delete(relayId)
    if (live === undefined) return
    live.gone = true
    live.cancelRetry?.()
    void live.connection?.close()
  }

  /** @throws not-found */
  async test(relayId: RelayId): Promise<RelayView> {
    const record = this.#core.store.relays.get(relayId)
    if (record === null) throw new ParleyError('not-found', 'relay')
    const live = this.#liveOf(relayId)
    if (live.connection === null) {
      live.cancelRetry?.()
      live.cancelRetry = null
      await this.#connect(record)
    } else {
      await this.#measure(live, live.connection)
    }
    this.#changes.onRelayState(relayId)
    return this.#view(record)
  }

  async #measure(live: LiveRelay, connection: OwnerConnection): Promise<void> {
    try {
      live.roundTripMs = await connection.ping()
      live.heldCount = (await connection.usage()).envelopeCount
      live.failure = null
    } catch (error) {
      if (!isParleyError(error)) throw error
      live.failure = error.code
    }
  }

  async #connect(relay: OwnRelayRecord): Promise<void> {
    const live = this.#liveOf(relay.relayId)
    if (live.connection !== null || live.state === 'connecting' || this.#stopped) return
    live.state = 'connecting'
    try {
      const key = { publicKey: relay.mailboxPublic, secretKey: relay.mailboxSecret }
      const { admission } = live
      const where = admission === null ? relay : { ...relay, admission }
      const connection = await this.#port.connectOwner(where, key, {
        onPush: (batch) => this.#onPush(batch),
        onStock: (_lookupId, remaining) => {
          void this.#refill(relay.relayId, remaining)
        },
        onClosed: (code) => {
          this.#onClosed(relay, live, code)
        },
      })
      await this.#onConnected(relay, live, connection)
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#onClosed(relay, live, error.code)
    }
  }

  async #onConnected(relay: OwnRelayRecord, live: LiveRelay, connection: OwnerConnection): Promise<void> {
    if (live.gone || this.#stopped) {
      await connection.close()
      return
    }
    live.connection = connection
    live.attempt = 0
    live.admission = null
    await connection.putTokens(this.#tokens(relay))
    await this.#fillDirectory(relay.relayId, connection)
    await this.#measure(live, connection)
    this.#setState(relay.relayId, live, 'connected', null)
  }

  async #fillDirectory(relayId: RelayId, connection: OwnerConnection): Promise<void> {
    const { store } = this.#core
    if (store.relays.get(relayId)?.directoryFilled !== false) return
    await this.#prekeys.fill(connection, relayId, null)
    store.transaction(() => {
      if (store.relays.get(relayId) !== null) store.relays.update(relayId, { directoryFilled: true })
    })
  }

  /** Prekeys that were renewed go to every relay that is connected; and relays that nobody needs any more are left for good. */
  async tidy(): Promise<void> {
    const { store, clock } = this.#core
    this.#prekeys.renewIfDue()
    await this.#atEach((relay, connection) => this.#fillDirectory(relay.relayId, connection))
    const { profileVersion } = ownAccount(store)
    const contacts = store.contacts.list().filter((contact) => !contact.blocked)
    const allKnow = contacts.every((contact) => contact.confirmedProfileVersion >= profileVersion)
    for (const relay of store.relays.list()) {
      if (relay.leftAtMs === null) continue
      if (allKnow || relay.leftAtMs < clock.nowMs() - MEMORY_MS) this.forget(relay.relayId)
    }
  }

  #onClosed(relay: OwnRelayRecord, live: LiveRelay, code: ErrorCode): void {
    live.connection = null
    this.#setState(relay.relayId, live, isRelayRefusal(code) ? 'refused' : 'unreachable', code)
    if (this.#stopped || live.gone || live.cancelRetry !== null) return
    live.cancelRetry = this.#core.clock.after(this.#retryAfterMs(live, code), () => {
      live.cancelRetry = null
      void this.#connect(relay)
    })
    live.attempt += 1
  }

  #retryAfterMs(live: LiveRelay, code: ErrorCode): number {
    const nowMs = this.#core.clock.nowMs()
    const spread = (this.#core.crypto.random(1)[0] ?? 0) / 255
    const waitMs = reconnectAfterMs({ code, attempt: live.attempt, movedAtMs: live.movedAtMs, nowMs, spread })
    if (waitMs === 0) live.movedAtMs = nowMs
    return waitMs
  }

  #setState(relayId: RelayId, live: LiveRelay, state: RelayView['state'], failure: ErrorCode | null): void {
    if (live.state !== state) live.sinceMs = this.#core.clock.nowMs()
    live.state = state
    live.failure = failure
    this.#paths.setRelayAnswers(relayId, state === 'connected')
    this.#changes.onRelayState(relayId)
  }

  /** Everybody who may deposit: contacts that are not blocked, and who holds an open invite. */
  #tokens(relay: OwnRelayRecord): readonly DeliveryToken[] {
    const { store } = this.#core
    const holders = [
      ...store.contacts
        .list()
        .filter((contact) => !contact.blocked)
        .map((contact) => ({ secret: contact.ownDeliverySecret, handle: contact.ownHandle })),
      ...store.invites
        .list()
        .filter((invite) => invite.state === 'open')
        .map((invite) => ({ secret: invite.deliverySecret, handle: invite.handle })),
    ]
    return holders.map(({ secret, handle }) => ({ token: this.#token(secret, relay), handle }))
  }

  #token(deliverySecret: Uint8Array, relay: OwnRelayRecord): Uint8Array {
    const { crypto } = this.#core
    return deliveryToken(crypto, deliverySecret, relay.relayId, mailboxIdOf(crypto, relay.mailboxPublic))
  }

  /** Gives a holder of `deliverySecret` the right to deposit, at every relay that is connected now; the others follow when they are. */
  async admit(deliverySecret: Uint8Array, handle: Uint8Array): Promise<void> {
    await this.#atEach((relay, connection) =>
      connection.putTokens([{ token: this.#token(deliverySecret, relay), handle }]),
    )
  }

  /** Blocking works at the door. */
  async revoke(deliverySecret: Uint8Array): Promise<void> {
    await this.#atEach((relay, connection) => connection.revokeTokens([this.#token(deliverySecret, relay)]))
  }

  /** Lays the invite's sealed bundle at every relay in use, in place of an older one. Returns those that confirmed. */
  async placeInvite(invite: InviteRecord): Promise<readonly RelayId[]> {
    const placed: RelayId[] = []
    await this.#atEach(async (relay, connection) => {
      await connection.putTokens([{ token: this.#token(invite.deliverySecret, relay), handle: invite.handle }])
      // A relay keeps what lies in a slot, so the slot is closed first.
      if (!invite.relayIds.includes(relay.relayId)) await connection.closeInviteSlot(invite.slotId)
      await connection.putInviteSlot({ slotId: invite.slotId, item: invite.bundle, expiresAtMs: invite.expiresAtMs })
      placed.push(relay.relayId)
    })
    return placed
  }

  async closeInvite(invite: InviteRecord): Promise<void> {
    await this.#atEach(async (relay, connection) => {
      await connection.closeInviteSlot(invite.slotId)
      if (invite.usedByContactId === null) await connection.revokeTokens([this.#token(invite.deliverySecret, relay)])
    })
  }

  async #atEach(action: (relay: OwnRelayRecord, connection: OwnerConnection) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#core.store.relays.list().map(async (relay) => {
        const connection = this.#live.get(relay.relayId)?.connection ?? null
        if (connection === null) return
        try {
          await action(relay, connection)
        } catch (error) {
          if (!isParleyError(error)) throw error
          this.#core.log.warn('relay-call-failed', { code: error.code })
        }
      }),
    )
  }

  async #refill(relayId: RelayId, remaining: number): Promise<void> {
    const connection = this.#live.get(relayId)?.connection ?? null
    if (connection === null) return
    try {
      await this.#prekeys.fill(connection, relayId, remaining)
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#core.log.warn('prekey-refill-failed', { code: error.code })
    }
  }

  /** Acknowledges what was taken or refused for good; what could not be written comes again. */
  async #onPush(batch: readonly PushedEnvelope[]): Promise<readonly EnvelopeId[]> {
    const taken = await Promise.all(
      batch.map(async ({ envelope, handle }) => {
        try {
          await this.#incoming().receive(envelope, { kind: 'relay', handle })
          return [envelopeId(this.#core.crypto, envelope)]
        } catch (error) {
          if (!isParleyError(error)) throw error
          this.#core.log.warn('push-not-taken', { code: error.code })
          return []
        }
      }),
    )
    return taken.flat()
  }

  #liveOf(relayId: RelayId): LiveRelay {
    const known = this.#live.get(relayId)
    if (known !== undefined) return known
    const live = lostRelay(this.#core.clock.nowMs())
    this.#live.set(relayId, live)
    return live
  }

  #view(relay: OwnRelayRecord): RelayView {
    const live = this.#liveOf(relay.relayId)
    return {
      relayId: relay.relayId,
      name: relayDisplayName(relay.addresses),
      state: live.state,
      roundTripMs: live.roundTripMs,
      sinceMs: live.sinceMs,
      failure: live.failure,
      heldCount: live.heldCount,
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const live of this.#live.values()) live.cancelRetry?.()
    await Promise.all(this.connections().map((connection) => connection.close()))
  }
}
