/** Deposits as they travel: one ciphertext once for many mailboxes, as many as a frame holds; and the outcomes in the caller's order. */

import type { Deposit, DepositOutcome } from '../../ports/relay.ts'
import { ParleyError } from '../../../shared/errors.ts'
import type { EnvelopeId, MailboxId, RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { DepositsAnswer } from '../../../shared/wire/relay-answers.ts'
import { encodeReceipt, provenReceipts } from '../../../shared/wire/relay-receipt.ts'
import { MAX_BATCH_ITEMS, MAX_DEPOSIT_BYTES } from '../../../shared/wire/relay-requests.ts'
import type { DepositEntry, DepositTarget } from '../../../shared/wire/relay-requests.ts'
import { sha256, verifyEd25519 } from './signatures.ts'

/** One envelope of the largest size fits together with its targets. */
const BATCH_BYTES = 240_000
const TARGET_BYTES = 68
const ENVELOPE_HEAD_BYTES = 6
const ENVELOPE_ID_BYTES = 16

export interface Member {
  readonly mailboxId: MailboxId
  readonly envelopeId: EnvelopeId
  /** Where its outcome goes. */
  readonly index: number
}

interface Numbered extends Member {
  readonly deposit: Deposit
}

export interface DepositBatch {
  readonly entries: readonly DepositEntry[]
  /** In the order in which the relay answers. */
  readonly members: readonly Member[]
}

/** No relay takes these: asking would only cost the stream. */
function isTooLarge({ envelope }: Deposit): boolean {
  return envelope.length > MAX_DEPOSIT_BYTES
}

/** Leaves out what is too large. */
export function depositBatches(deposits: readonly Deposit[]): readonly DepositBatch[] {
  const batches: DepositBatch[] = []
  let groups = new Map<EnvelopeId, Numbered[]>()
  let count = 0
  let bytes = 0
  const finish = (): void => {
    if (count > 0) batches.push(batchOf(groups))
    groups = new Map()
    count = 0
    bytes = 0
  }
  for (const [index, deposit] of deposits.entries()) {
    if (isTooLarge(deposit)) continue
    const envelopeId = idFromBytes<EnvelopeId>(sha256(deposit.envelope).subarray(0, ENVELOPE_ID_BYTES))
    const cost = (known: boolean): number => TARGET_BYTES + (known ? 0 : deposit.envelope.length + ENVELOPE_HEAD_BYTES)
    if (count === MAX_BATCH_ITEMS || bytes + cost(groups.has(envelopeId)) > BATCH_BYTES) finish()
    const group = groups.get(envelopeId) ?? []
    bytes += cost(group.length > 0)
    count += 1
    group.push({ deposit, mailboxId: deposit.mailboxId, envelopeId, index })
    groups.set(envelopeId, group)
  }
  finish()
  return batches
}

function batchOf(groups: ReadonlyMap<EnvelopeId, readonly Numbered[]>): DepositBatch {
  const members = [...groups.values()]
  const entries = members.flatMap((group): DepositEntry[] => {
    const [first] = group
    return first === undefined ? [] : [{ envelope: first.deposit.envelope, targets: group.map(targetOf) }]
  })
  return { entries, members: members.flat() }
}

function targetOf({ deposit: { mailboxId, token, ttlSeconds } }: Numbered): DepositTarget {
  return { mailboxId, token, ttlSeconds }
}

export interface NumberedOutcome {
  readonly index: number
  readonly outcome: DepositOutcome
}

/** A receipt counts only when the relay's key signed it for exactly these bytes. @throws relay-lying */
export function batchOutcomes(
  relayId: RelayId,
  members: readonly Member[],
  { answers, signature }: DepositsAnswer,
): readonly NumberedOutcome[] {
  if (answers.length !== members.length) throw new ParleyError('relay-lying', 'deposit answers')
  const held = members.flatMap(({ mailboxId, envelopeId }, at) => {
    const answer = answers[at]
    if (answer?.kind !== 'held') return []
    return [{ mailboxId, subject: envelopeId, storedAtMs: answer.storedAtMs, expiresAtMs: answer.expiresAtMs }]
  })
  const receipts =
    signature === null ? [] : provenReceipts({ kind: 'envelope', relayId, held, signature }, sha256, verifyEd25519)
  if (receipts === null) throw new ParleyError('relay-lying', 'receipt')
  let next = 0
  return members.map(({ index }, at): NumberedOutcome => {
    const answer = answers[at]
    if (answer === undefined) throw new Error('a deposit without an answer')
    if (answer.kind === 'refused') return { index, outcome: { kind: 'refused', code: answer.code } }
    if (answer.kind === 'collected') return { index, outcome: { kind: 'collected' } }
    const receipt = receipts[next++]
    if (receipt === undefined) throw new Error('a held deposit without a receipt')
    const { expiresAtMs } = answer
    return { index, outcome: { kind: 'held', receipt: encodeReceipt(receipt), expiresAtMs } }
  })
}
