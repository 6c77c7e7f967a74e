/** What a connected owner is sent: envelopes in the order of deposit, as far as the owner's credit reaches. */

import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import type { PushEntry } from '../shared/wire/relay-answers.ts'
import { MAX_BATCH_ITEMS } from '../shared/wire/relay-requests.ts'
import type { PushRange } from '../shared/wire/relay-requests.ts'
import { envelopeIdOf } from './hashes.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { PushedName } from './storage/relay-store.ts'

/** Fits one frame together with what stands around each envelope. */
const PUSH_BYTES = 240_000
/** What one slow owner may hold, whatever credit it asks for. */
const MAX_CREDIT_BYTES = 4 * 1024 * 1024
/** Small ones are remembered too until they are acknowledged. */
const MAX_IN_FLIGHT = 8_192

export interface PushParts {
  readonly mailboxes: Mailboxes
  readonly mailboxId: MailboxId
  readonly creditBytes: number
  readonly now: () => number
  /** Resolves when the stream can take more. */
  readonly send: (entries: readonly PushEntry[]) => Promise<void>
  readonly onFailure: (error: unknown) => void
  /** What lies there under an envelope's id is not that envelope. */
  readonly onDamaged: () => void
}

export class OwnerPushes {
  readonly #parts: PushParts
  readonly #creditBytes: number
  /** By the number of its push, lowest first. */
  readonly #inFlight = new Map<number, PushedName>()
  readonly #numbers = new Map<EnvelopeId, number>()
  #inFlightBytes = 0
  #pushed = 0
  #afterSequence = 0
  #running = false
  #again = false
  #stopped = false

  constructor(parts: PushParts) {
    this.#parts = parts
    this.#creditBytes = Math.min(parts.creditBytes, MAX_CREDIT_BYTES)
  }

  /** There may be something new, or room for more. */
  wake(): void {
    this.#again = true
    if (this.#running || this.#stopped) return
    this.#running = true
    void this.#run()
  }

  /** What was pushed under these numbers and is not acknowledged. */
  inRange({ from, to }: PushRange): readonly PushedName[] {
    const names: PushedName[] = []
    for (const [number, name] of this.#inFlight) {
      if (number > to) break
      if (number >= from) names.push(name)
    }
    return names
  }

  acknowledged(envelopeIds: readonly EnvelopeId[]): void {
    for (const envelopeId of envelopeIds) {
      const number = this.#numbers.get(envelopeId)
      if (number === undefined) continue
      this.#inFlightBytes -= this.#inFlight.get(number)?.sizeBytes ?? 0
      this.#inFlight.delete(number)
      this.#numbers.delete(envelopeId)
    }
    this.wake()
  }

  stop(): void {
    this.#stopped = true
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        while (this.#hasCredit() && !this.#stopped && (await this.#pushSome()));
      }
    } catch (error) {
      this.#parts.onFailure(error)
    } finally {
      this.#running = false
    }
  }

  #hasCredit(): boolean {
    return this.#inFlightBytes < this.#creditBytes && this.#inFlight.size < MAX_IN_FLIGHT
  }

  /** False: nothing waits. */
  async #pushSome(): Promise<boolean> {
    const { mailboxes, mailboxId, now, send, onDamaged } = this.#parts
    const bytes = Math.min(PUSH_BYTES, this.#creditBytes - this.#inFlightBytes)
    const waiting = await mailboxes.waiting(mailboxId, this.#afterSequence, { count: MAX_BATCH_ITEMS, bytes })
    const last = waiting.at(-1)
    if (last === undefined || this.#stopped) return false
    this.#afterSequence = last.sequence
    const whole = waiting.filter(({ envelopeId, envelope }) => envelopeIdOf(envelope) === envelopeId)
    if (whole.length < waiting.length) onDamaged()
    if (whole.length === 0) return true
    for (const { sequence, envelopeId, envelope } of whole) {
      this.#pushed += 1
      this.#inFlight.set(this.#pushed, { sequence, envelopeId, sizeBytes: envelope.length })
      this.#numbers.set(envelopeId, this.#pushed)
      this.#inFlightBytes += envelope.length
    }
    const nowMs = now()
    await send(
      whole.map(({ handle, envelope, storedAtMs }) => ({
        handle,
        envelope,
        heldMs: Math.max(0, nowMs - storedAtMs),
      })),
    )
    return true
  }
}
