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
    return await pay(link, relayId, deposit, signal)
  } catch (error) {
    // The work took longer than the challenge lived, or the relay was started anew meanwhile.
    if (isParleyError(error, 'proof-refused')) return refusalOr(pay(link, relayId, deposit, signal))
    return refusalOr(Promise.reject(error))
  }
}

async function refusalOr(paid: Promise<DepositOutcome>): Promise<DepositOutcome> {
  try {
    return await paid
  } catch (error) {
    if (isParleyError(error) && REFUSALS.includes(error.code)) return { kind: 'refused', code: error.code }
    throw error
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
