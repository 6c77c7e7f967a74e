/** What becomes of each deposit of a group, decided from what the store knows: no SQL here. */

import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import type { DepositItem, DepositResult, StoreLimits } from './relay-store.ts'

/** A deposit, by whatever right it comes. */
export type Incoming = Omit<DepositItem, 'tokenHash'>

/** What the store knows of one deposit's mailbox, token and envelope, before the group. */
export interface DepositFacts {
  /** Null: no such mailbox, or no such token. */
  readonly handle: Uint8Array | null
  readonly known: { readonly storedAtMs: number; readonly expiresAtMs: number; readonly sizeBytes: number } | null
  readonly collected: boolean
}

export interface MailboxUsage {
  envelopes: number
  bytes: number
  /** The next envelope's. */
  nextSequence: number
  changed: boolean
}

export interface Insert {
  readonly item: Incoming
  readonly handle: Uint8Array
  readonly sequence: number
}

export interface Decisions {
  /** One a deposit, in order. */
  readonly results: readonly DepositResult[]
  readonly inserts: readonly Insert[]
  /** Expired envelopes that lie in the way of the same one deposited anew. */
  readonly deletes: readonly { readonly mailboxId: MailboxId; readonly envelopeId: EnvelopeId }[]
}

type Limits = Pick<StoreLimits, 'mailboxMaxEnvelopes' | 'mailboxMaxBytes'>

/** Counts in `usages` what it decides. */
export function decideDeposits(
  items: readonly Incoming[],
  facts: readonly DepositFacts[],
  usages: ReadonlyMap<MailboxId, MailboxUsage>,
  limits: Limits,
): Decisions {
  const inserts: Insert[] = []
  const deletes: Incoming[] = []
  const inGroup = new Map<string, Incoming>()
  const decide = (item: Incoming, index: number): DepositResult => {
    const usage = usages.get(item.mailboxId)
    const fact = facts[index]
    if (usage === undefined || fact === undefined || fact.handle === null) return { kind: 'no-token' }
    const name = `${item.mailboxId} ${item.envelopeId}`
    const twin = inGroup.get(name)
    const before = twin ?? fact.known
    if (before !== null && before.expiresAtMs > item.storedAtMs) {
      const { storedAtMs, expiresAtMs } = before
      return { kind: 'held', storedAtMs, expiresAtMs, isNew: false }
    }
    if (fact.known !== null && twin === undefined) {
      deletes.push(item)
      count(usage, -1, -fact.known.sizeBytes)
    }
    if (fact.collected) return { kind: 'collected' }
    if (isFull(usage, item.envelope.length, limits)) return { kind: 'full' }
    inserts.push({ item, handle: fact.handle, sequence: usage.nextSequence })
    usage.nextSequence += 1
    count(usage, 1, item.envelope.length)
    inGroup.set(name, item)
    return { kind: 'held', storedAtMs: item.storedAtMs, expiresAtMs: item.expiresAtMs, isNew: true }
  }
  return { results: items.map(decide), inserts, deletes }
}

function isFull(usage: MailboxUsage, sizeBytes: number, limits: Limits): boolean {
  return usage.envelopes >= limits.mailboxMaxEnvelopes || usage.bytes + sizeBytes > limits.mailboxMaxBytes
}

export function count(usage: MailboxUsage, envelopes: number, bytes: number): void {
  usage.envelopes += envelopes
  usage.bytes += bytes
  usage.changed = true
}
