/** Decides when a link is pinged and when it is dead. Wants a clock and nothing else. */

import type { Clock } from '../ports/runtime.ts'

/** A stream that says nothing for this long is pinged. */
export const IDLE_PING_AFTER_MS = 30_000
/** No pong in this time: dead. */
export const PONG_WITHIN_MS = 10_000
/** An envelope without an answer for this long makes the link prove itself. */
export const UNANSWERED_PING_AFTER_MS = 3_000
/** Dead this long after an envelope went unanswered together with its ping. */
export const UNANSWERED_DEAD_AFTER_MS = 10_000
/** Alive, but the other side does not get an envelope committed. */
export const ANSWER_WITHIN_MS = 60_000

export interface LivenessActions {
  ping(): void
  /** `silent`: nothing comes back any more. `stuck`: it lives, but answers no envelope. */
  dead(reason: 'silent' | 'stuck'): void
  /** When the oldest unanswered envelope was sent, monotonic; null when there is none. */
  oldestUnansweredAtMs(): number | null
}

export class Liveness {
  readonly #clock: Clock
  readonly #actions: LivenessActions
  #heardAtMs: number
  #roundTripAtMs: number
  #deadlineMs: number | null = null
  #timer: { readonly dueMs: number; readonly cancel: () => void } | null = null
  #stopped = false

  constructor(clock: Clock, actions: LivenessActions) {
    this.#clock = clock
    this.#actions = actions
    this.#heardAtMs = clock.monotonicMs()
    this.#roundTripAtMs = this.#heardAtMs
    this.#plan()
  }

  /** Bytes arrived. */
  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs()
  }

  /** An answer or a pong came, or a full way took bytes again: both directions work. */
  roundTrip(): void {
    this.#roundTripAtMs = this.#clock.monotonicMs()
    if (this.#deadlineMs === null) return
    this.#deadlineMs = null
    this.#plan()
  }

  sent(): void {
    this.#plan()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #plan(): void {
    if (this.#stopped) return
    const dueMs = this.#dueMs()
    if (this.#timer !== null && this.#timer.dueMs <= dueMs) return
    this.#timer?.cancel()
    const cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#timer = null
      this.#check()
    })
    this.#timer = { dueMs, cancel }
  }

  #dueMs(): number {
    const oldest = this.#actions.oldestUnansweredAtMs()
    const stuckMs = oldest === null ? Infinity : oldest + ANSWER_WITHIN_MS
    if (this.#deadlineMs !== null) return Math.min(this.#deadlineMs, stuckMs)
    const idleMs = this.#heardAtMs + IDLE_PING_AFTER_MS
    return oldest === null ? idleMs : Math.min(idleMs, stuckMs, this.#suspiciousAtMs(oldest))
  }

  #suspiciousAtMs(oldestMs: number): number {
    return Math.max(oldestMs, this.#roundTripAtMs) + UNANSWERED_PING_AFTER_MS
  }

  #check(): void {
    const nowMs = this.#clock.monotonicMs()
    const oldest = this.#actions.oldestUnansweredAtMs()
    if (oldest !== null && nowMs >= oldest + ANSWER_WITHIN_MS) {
      this.#actions.dead('stuck')
      return
    }
    if (this.#deadlineMs !== null) {
      if (nowMs >= this.#deadlineMs) {
        this.#actions.dead('silent')
        return
      }
    } else if (oldest !== null && nowMs >= this.#suspiciousAtMs(oldest)) {
      this.#probe(nowMs + UNANSWERED_DEAD_AFTER_MS - UNANSWERED_PING_AFTER_MS)
    } else if (nowMs >= this.#heardAtMs + IDLE_PING_AFTER_MS) {
      this.#probe(nowMs + PONG_WITHIN_MS)
    }
    this.#plan()
  }

  #probe(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs
    this.#actions.ping()
  }
}
