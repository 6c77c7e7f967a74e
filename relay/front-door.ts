/**
 * The front door of mailboxes: challenges that cost the relay no memory, proofs that are good once.
 * The work grows with what comes through all doors, and with what knocks at one. docs/protocol/relay.md, "The front door".
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { MailboxId } from '../shared/model/ids.ts'
import { toBase64Url } from '../shared/wire/bytes.ts'
import { doorSealBytes, isDoorSolved } from '../shared/wire/relay-door.ts'
import type { DoorChallenge, DoorDeposit, DoorQuestion } from '../shared/wire/relay-door.ts'
import { DecayingCounts } from './decaying-counts.ts'
import { envelopeIdOf, sha256 } from './hashes.ts'
import { Refused } from './refused.ts'

/** Long enough for the hardest work on a slow machine. */
export const CHALLENGE_LIFE_MS = 10 * 60 * 1000
/** Proofs of the last ten minutes; with as many as this all doors are shut until they are over. */
const MAX_SPENT = 32_768
const MAX_MAILBOXES = 16_384
/** What is counted as lately halves in this time. */
const HALF_LIFE_MS = 30 * 60 * 1000
/** So many lately cost no more than the first. */
const QUIET_AT_ONE_DOOR = 4
const QUIET_AT_ALL_DOORS = 256
const MOST_MORE_BITS = 8
const SPENT_NAME_BYTES = 16

export interface FrontDoorParts {
  /** What the work begins with. */
  readonly bits: number
  readonly now: () => number
}

export class FrontDoor {
  readonly #parts: FrontDoorParts
  /** Of this process: a restart forgets challenges, and what was paid with them. */
  readonly #key = randomBytes(32)
  readonly #spent = new Map<string, number>()
  readonly #atOne = new DecayingCounts(HALF_LIFE_MS, MAX_MAILBOXES)
  readonly #atAll = new DecayingCounts(HALF_LIFE_MS, 1)

  constructor(parts: FrontDoorParts) {
    this.#parts = parts
  }

  /** Proofs that are remembered. */
  get spentCount(): number {
    return this.#spent.size
  }

  /** Nothing is looked up for it: it is the same whether there is such a mailbox or not. */
  challenge(question: DoorQuestion): DoorChallenge {
    const nowMs = this.#parts.now()
    const bits = this.#bitsFor(question.mailboxId, nowMs)
    const expiresAtMs = nowMs + CHALLENGE_LIFE_MS
    return { bits, expiresAtMs, seal: this.#seal(question, { bits, expiresAtMs }) }
  }

  /**
   * Takes the proof, which is good no second time. What it costs to refuse is one hash.
   * @throws proof-refused | rate-limited
   */
  pay({ challenge, solution, mailboxId, envelope }: DoorDeposit): void {
    const nowMs = this.#parts.now()
    const seal = this.#seal({ mailboxId, envelopeId: envelopeIdOf(envelope) }, challenge)
    if (!timingSafeEqual(seal, challenge.seal)) throw new Refused('proof-refused', 'challenge')
    if (challenge.expiresAtMs <= nowMs || challenge.expiresAtMs > nowMs + 2 * CHALLENGE_LIFE_MS) {
      throw new Refused('proof-refused', 'expired')
    }
    if (!isDoorSolved(challenge, solution, sha256)) throw new Refused('proof-refused', 'work')
    this.#spend(challenge, nowMs)
    this.#atOne.add(mailboxId, nowMs)
    this.#atAll.add('', nowMs)
  }

  #spend({ seal, expiresAtMs }: DoorChallenge, nowMs: number): void {
    const name = toBase64Url(seal.subarray(0, SPENT_NAME_BYTES))
    if (this.#spent.has(name)) throw new Refused('proof-refused', 'used')
    // Challenges live equally long, so the first to come is about the first to go.
    for (const [spent, untilMs] of this.#spent) {
      // A clock that was set back leaves some that no challenge of now can match.
      if (untilMs > nowMs && untilMs <= nowMs + 2 * CHALLENGE_LIFE_MS) break
      this.#spent.delete(spent)
    }
    if (this.#spent.size >= MAX_SPENT) throw new Refused('rate-limited', 'doors', CHALLENGE_LIFE_MS / 1000)
    this.#spent.set(name, expiresAtMs)
  }

  #bitsFor(mailboxId: MailboxId, nowMs: number): number {
    const atOne = this.#atOne.of(mailboxId, nowMs) / QUIET_AT_ONE_DOOR
    const atAll = this.#atAll.of('', nowMs) / QUIET_AT_ALL_DOORS
    const more = Math.floor(Math.log2(Math.max(1, atOne))) + Math.floor(Math.log2(Math.max(1, atAll)))
    return this.#parts.bits + Math.min(MOST_MORE_BITS, more)
  }

  #seal(question: DoorQuestion, challenge: Omit<DoorChallenge, 'seal'>): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.#key).update(doorSealBytes(question, challenge)).digest())
  }
}
