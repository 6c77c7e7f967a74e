/** The proof of work that a stranger pays at a front door. docs/protocol/relay.md, "The front door". */

import { setImmediate as turn } from 'node:timers/promises'
import { sha256 } from '@noble/hashes/sha2.js'
import { ParleyError } from '../../../shared/errors.ts'
import { isDoorSolved, SOLUTION_BYTES } from '../../../shared/wire/relay-door.ts'
import type { DoorChallenge } from '../../../shared/wire/relay-door.ts'

/** A few milliseconds of work, then others have their turn. */
const TRIES_A_TURN = 4_096
/** Some two minutes on a small machine: no relay is worth more. */
export const MAX_WORK_BITS = 26

/** @throws rate-limited: the relay asks for more than anybody does | cancelled */
export async function solveDoor(challenge: DoorChallenge, signal: AbortSignal): Promise<Uint8Array> {
  if (challenge.bits > MAX_WORK_BITS) throw new ParleyError('rate-limited', `${challenge.bits} bits of work`)
  const solution = new Uint8Array(SOLUTION_BYTES)
  const counter = new DataView(solution.buffer)
  // JavaScript's own hash: for 40 bytes it is twice as fast as a call into Node's.
  for (let tries = 0; ; tries++) {
    counter.setUint32(4, tries)
    if (isDoorSolved(challenge, solution, sha256)) return solution
    if (tries % TRIES_A_TURN !== TRIES_A_TURN - 1) continue
    if (signal.aborted) throw new ParleyError('cancelled')
    await turn()
  }
}
