/** How the contract tests come by a store, and the things that they put into it. */

import type { EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type { DepositItem, RelayStore, StoreLimits } from '../relay-store.ts'

export interface OpenedForTest {
  readonly store: RelayStore
  /** Resolves with the same data, opened again. */
  reopen(): Promise<RelayStore>
  remove(): Promise<void>
}

export type StoreFactory = (limits?: Partial<StoreLimits>) => Promise<OpenedForTest>

export const HOUR_MS = 60 * 60 * 1000
export const DAY_MS = 24 * HOUR_MS

export function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value)
}

/** Different for each number. */
export function numbered(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** The same bytes, whatever kind of view a store gave. */
export function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}

export const mailboxOf = (value: number): MailboxId => idFromBytes<MailboxId>(filled(32, value))
export const TOKEN_HASH = filled(32, 9)
export const HANDLE = filled(4, 8)

/** In mailbox 1, under the token that `openWithToken` puts there. */
export function envelope(value: number, atMs = 0, lifeMs = HOUR_MS): DepositItem {
  return {
    mailboxId: mailboxOf(1),
    tokenHash: TOKEN_HASH,
    envelopeId: idFromBytes<EnvelopeId>(numbered(16, value)),
    envelope: filled(100, value % 256),
    storedAtMs: atMs,
    expiresAtMs: atMs + lifeMs,
  }
}

export async function openMailbox(store: RelayStore, value = 1, admits = true) {
  return store.openMailbox({ mailboxId: mailboxOf(value), publicKey: filled(32, value + 100), openedAtMs: 0 }, admits)
}

export async function openWithToken(store: RelayStore, value = 1): Promise<MailboxId> {
  await openMailbox(store, value)
  await store.putTokens(mailboxOf(value), [{ hash: TOKEN_HASH, handle: HANDLE }])
  return mailboxOf(value)
}

export const ALL = { count: 1_000, bytes: 10_000_000 }

export async function heldIn(store: RelayStore, mailboxId: MailboxId, afterSequence = 0, nowMs = 0) {
  return (await store.envelopesAfter(mailboxId, afterSequence, ALL, nowMs)).map(({ envelopeId }) => envelopeId)
}
