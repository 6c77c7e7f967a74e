/** A stranger's deposit: asks for a challenge, works for it, hands both in. docs/protocol/relay.md, "The front door". */

import type { DepositOutcome, DoorDeposit } from '../../ports/relay.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { EnvelopeId, RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { decodeDepositsAnswer } from '../../../shared/wire/relay-answers.ts'
import { decodeDoorChallenge, MAX_DOOR_ENVELOPE_BYTES } from '../../../shared/wire/relay-door.ts'
import { batchOutcomes } from './deposit-batches.ts'
import { solveDoor } from './door-work.ts'
import type { RelayLink } from './relay-link.ts'
import { sha256 } from './signatures.ts'

const ENVELOPE_ID_BYTES = 16
const REFUSALS: readonly ErrorCode[] = ['door-closed', 'proof-refused', 'rate-limited', 'relay-full', 'too-large']

/** @throws unreachable | timeout | relay-lying | cancelled | unsupported-version */
export async function depositAtDoor(
  link: RelayLink,
  relayId: RelayId,
  deposit: DoorDeposit,
  signal: AbortSignal,
): Promise<DepositOutcome> {
  link.needsVersion(2, 'front door')
  if (deposit.envelope.length > MAX_DOOR_ENVELOPE_BYTES) return { kind: 'refused', code: 'too-large' }
  try {
    return await payTwice(link, relayId, deposit, signal)
  } catch (error) {
    if (isParleyError(error) && REFUSALS.includes(error.code)) return { kind: 'refused', code: error.code }
    throw error
  }
}

/** The work may take longer than the challenge lives, or the relay was started anew meanwhile. */
async function payTwice(...request: Parameters<typeof pay>): Promise<DepositOutcome> {
  try {
    return await pay(...request)
  } catch (error) {
    if (!isParleyError(error, 'proof-refused')) throw error
    return pay(...request)
  }
}

async function pay(
  link: RelayLink,
  relayId: RelayId,
  deposit: DoorDeposit,
  signal: AbortSignal,
): Promise<DepositOutcome> {
  const { mailboxId, envelope, ttlSeconds } = deposit
  const envelopeId = idFromBytes<EnvelopeId>(sha256(envelope).subarray(0, ENVELOPE_ID_BYTES))
  const challenge = await link.ask({ type: 'ask-door', mailboxId, envelopeId }, decodeDoorChallenge)
  const solution = await solveDoor(challenge, signal)
  const answer = await link.ask(
    { type: 'deposit-at-door', challenge, solution, mailboxId, ttlSeconds, envelope },
    decodeDepositsAnswer,
  )
  const [outcome] = batchOutcomes(relayId, [{ mailboxId, envelopeId, index: 0 }], answer)
  if (outcome === undefined) throw new Error('a deposit without an outcome')
  return outcome.outcome
}
