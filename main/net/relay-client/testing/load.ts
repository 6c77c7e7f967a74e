/** Senders and owners that go on whatever happens, and keep the books of what was signed for, pushed and acknowledged. */

import { setTimeout as delay } from 'node:timers/promises'
import { nameOf, Owner, random } from '../../../ports/contract-tests/relay-owner.ts'
import type { OwnerConnection, PushedEnvelope, RelayContactPoint, RelayPort } from '../../../ports/relay.ts'
import { systemClock } from '../../../runtime/system-clock.ts'
import { isParleyError } from '../../../../shared/errors.ts'
import type { EnvelopeId } from '../../../../shared/model/ids.ts'
import { createRelayClient } from '../index.ts'

const SENDERS = 4
const OWNERS = 6
const BATCH = 16
const ENVELOPE_BYTES = 300
const AGAIN_AFTER_MS = 200
const SETTLED_WITHIN_MS = 120_000

export interface Books {
  /** With a receipt that the relay's key signed. */
  readonly signed: number
  readonly pushed: number
  /** Pushed more than once: allowed, and dropped by the client. */
  readonly pushedAgain: number
  readonly lost: readonly EnvelopeId[]
  readonly pushedAfterAcknowledgement: readonly EnvelopeId[]
  readonly neverDeposited: readonly EnvelopeId[]
  /** The longest time in which nothing was signed for. */
  readonly longestPauseMs: number
}

export class Load {
  readonly #contact: RelayContactPoint
  readonly #port: RelayPort = createRelayClient({ clock: systemClock })
  readonly #sendingPort: RelayPort = createRelayClient({ clock: systemClock })
  readonly #owners: readonly LoadOwner[]
  readonly #deposited = new Set<EnvelopeId>()
  readonly #signed = new Set<EnvelopeId>()
  #lastSignedAtMs = 0
  #longestPauseMs = 0
  #sending = true
  #ended = false
  #senders: readonly Promise<void>[] = []

  private constructor(contact: RelayContactPoint) {
    this.#contact = contact
    this.#owners = Array.from({ length: OWNERS }, () => new LoadOwner(this.#port, contact))
  }

  /** Resolves when everything is under way. */
  static async start(contact: RelayContactPoint): Promise<Load> {
    const load = new Load(contact)
    await Promise.all(load.#owners.map((owner) => owner.start()))
    load.#lastSignedAtMs = performance.now()
    load.#senders = Array.from({ length: SENDERS }, (_, index) => load.#send(index))
    await load.untilSigned(1_000)
    return load
  }

  async #send(sender: number): Promise<void> {
    for (let turn = sender; this.#sending; turn += 1) {
      const owner = this.#owners[turn % OWNERS]
      if (owner === undefined) throw new Error('no owner')
      const envelopes = Array.from({ length: BATCH }, () => random(ENVELOPE_BYTES))
      for (const envelope of envelopes) this.#deposited.add(nameOf(envelope))
      await this.#untilHeld(owner, envelopes)
    }
  }

  /** The same again until it has a receipt, as the app does. */
  async #untilHeld(owner: LoadOwner, envelopes: readonly Uint8Array[]): Promise<void> {
    let left = envelopes
    while (left.length > 0 && !this.#ended) {
      const outcomes = await this.#deposit(owner, left)
      const asked = left
      left = asked.filter((envelope, index) => {
        const kind = outcomes[index]?.kind
        if (kind === 'held') this.#countSigned(nameOf(envelope))
        return kind !== 'held' && kind !== 'collected'
      })
      if (left.length > 0) await delay(AGAIN_AFTER_MS)
    }
  }

  async #deposit({ owner }: LoadOwner, envelopes: readonly Uint8Array[]) {
    try {
      const deposits = envelopes.map((envelope) => owner.deposit(envelope))
      return await this.#sendingPort.deposit(this.#contact, deposits)
    } catch (error) {
      if (isParleyError(error)) return []
      throw error
    }
  }

  #countSigned(envelopeId: EnvelopeId): void {
    const nowMs = performance.now()
    this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#lastSignedAtMs)
    this.#lastSignedAtMs = nowMs
    this.#signed.add(envelopeId)
  }

  /** That many more than now. */
  async untilSigned(more: number): Promise<void> {
    const wanted = this.#signed.size + more
    while (this.#signed.size < wanted) await delay(50)
  }

  /** Resolves when the senders are done and all that was signed for has come, or two minutes have passed. */
  async settle(): Promise<Books> {
    this.#sending = false
    await Promise.all(this.#senders)
    const giveUpAtMs = performance.now() + SETTLED_WITHIN_MS
    while (this.#lost().length > 0 && performance.now() < giveUpAtMs) await delay(100)
    await Promise.all(this.#owners.map((owner) => owner.stop()))
    return this.#books()
  }

  /** Whatever is under way. */
  async end(): Promise<void> {
    this.#sending = false
    this.#ended = true
    await Promise.all([this.#port.stop(), this.#sendingPort.stop()])
    await Promise.all([...this.#senders, ...this.#owners.map((owner) => owner.stop())])
  }

  #received(): ReadonlySet<EnvelopeId> {
    return new Set(this.#owners.flatMap(({ received }) => [...received]))
  }

  #lost(): readonly EnvelopeId[] {
    const received = this.#received()
    return [...this.#signed].filter((envelopeId) => !received.has(envelopeId))
  }

  #books(): Books {
    const received = this.#received()
    return {
      signed: this.#signed.size,
      pushed: received.size,
      pushedAgain: this.#owners.reduce((sum, owner) => sum + owner.pushes, 0) - received.size,
      lost: this.#lost(),
      pushedAfterAcknowledgement: this.#owners.flatMap(({ afterAcknowledgement }) => afterAcknowledgement),
      neverDeposited: [...received].filter((envelopeId) => !this.#deposited.has(envelopeId)),
      longestPauseMs: Math.round(this.#longestPauseMs),
    }
  }
}

interface Connected {
  /** Resolves when that connection is. */
  readonly lost: Promise<void>
}

class LoadOwner {
  readonly owner = new Owner()
  readonly received = new Set<EnvelopeId>()
  readonly afterAcknowledgement: EnvelopeId[] = []
  pushes = 0
  readonly #port: RelayPort
  readonly #contact: RelayContactPoint
  readonly #acknowledged = new Set<EnvelopeId>()
  readonly #underWay = new Set<Promise<void>>()
  #running: Promise<void> = Promise.resolve()
  #stopping = false
  #onStop: () => void = () => undefined

  constructor(port: RelayPort, contact: RelayContactPoint) {
    this.#port = port
    this.#contact = contact
  }

  async start(): Promise<void> {
    this.#running = this.#stayConnected(await this.#connect())
  }

  async #stayConnected(first: Connected): Promise<void> {
    let connected: Connected | null = first
    while (connected !== null) {
      await connected.lost
      // What was acknowledged before counts as that before anything is pushed on the next connection.
      await Promise.all(this.#underWay)
      connected = await this.#connectAtLast()
    }
  }

  /** Null: it is to stop. */
  async #connectAtLast(): Promise<Connected | null> {
    while (!this.#stopping) {
      try {
        return await this.#connect()
      } catch (error) {
        if (!isParleyError(error)) throw error
        await delay(AGAIN_AFTER_MS)
      }
    }
    return null
  }

  async #connect(): Promise<Connected> {
    let tellLost = (): void => undefined
    const lost = new Promise<void>((resolve) => {
      tellLost = resolve
    })
    const connecting: Promise<OwnerConnection> = this.#port.connectOwner(this.#contact, this.owner.key, {
      onPush: async (batch) => {
        this.#take(batch, await connecting)
        return []
      },
      onStock: () => undefined,
      onClosed: tellLost,
    })
    const connection = await connecting
    await connection.putTokens([{ token: this.owner.token, handle: this.owner.handle }])
    this.#onStop = () => {
      tellLost()
      void connection.close()
    }
    return { lost }
  }

  #take(batch: readonly PushedEnvelope[], connection: OwnerConnection): void {
    const envelopeIds = batch.map(({ envelope }) => nameOf(envelope))
    this.pushes += envelopeIds.length
    for (const envelopeId of envelopeIds) {
      if (this.#acknowledged.has(envelopeId)) this.afterAcknowledgement.push(envelopeId)
      this.received.add(envelopeId)
    }
    const acknowledging = connection.acknowledge(envelopeIds).then(
      () => {
        for (const envelopeId of envelopeIds) this.#acknowledged.add(envelopeId)
      },
      () => undefined,
    )
    this.#underWay.add(acknowledging)
    void acknowledging.finally(() => this.#underWay.delete(acknowledging))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#underWay)
    this.#stopping = true
    this.#onStop()
    await this.#running
  }
}
