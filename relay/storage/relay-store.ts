/** What a relay keeps, behind one interface: SQLite embedded here, another engine for who outgrows one machine. */

import type { BlobId, EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import type { InviteTaken, TokenEntry } from '../../shared/wire/relay-frames.ts'

export interface StoredEnvelope {
  readonly sequence: number
  readonly envelopeId: EnvelopeId
  readonly handle: Uint8Array
  readonly envelope: Uint8Array
  readonly storedAtMs: number
}

export interface NewEnvelope {
  readonly mailboxId: MailboxId
  readonly envelopeId: EnvelopeId
  readonly handle: Uint8Array
  readonly envelope: Uint8Array
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

export interface BlobRow {
  readonly mailboxId: MailboxId
  readonly blobId: BlobId
  readonly sizeBytes: number
  readonly sha256: Uint8Array
  readonly capabilityHash: Uint8Array
  readonly complete: boolean
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

export interface Usage {
  readonly envelopeCount: number
  readonly bytes: number
}

/** Every call happens inside `transaction`, which is durable when it returns. */
export interface RelayStore {
  transaction<T>(body: () => T): T

  hasMailbox(mailboxId: MailboxId): boolean
  mailboxCount(): number
  addMailbox(mailboxId: MailboxId, publicKey: Uint8Array, nowMs: number): void

  putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): void
  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): void
  /** The owner's handle for a token of that mailbox, or null. */
  handleOf(mailboxId: MailboxId, tokenHash: Uint8Array): Uint8Array | null

  usage(mailboxId: MailboxId): Usage
  envelopeTimes(
    mailboxId: MailboxId,
    envelopeId: EnvelopeId,
  ): { readonly storedAtMs: number; readonly expiresAtMs: number } | null
  wasCollected(mailboxId: MailboxId, envelopeId: EnvelopeId): boolean
  addEnvelope(envelope: NewEnvelope): void
  /** In the order of deposit, after a sequence number. */
  envelopesAfter(mailboxId: MailboxId, sequence: number, limit: number): readonly StoredEnvelope[]
  /** Deletes, and leaves a tombstone. */
  collect(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[], nowMs: number): void

  putDirectory(
    mailboxId: MailboxId,
    lookupId: Uint8Array,
    entry: { readonly replace: boolean; readonly items: readonly Uint8Array[]; readonly lastResort: Uint8Array },
  ): number
  /** False: that lookup id belongs to another mailbox. */
  ownsDirectory(mailboxId: MailboxId, lookupId: Uint8Array): boolean
  takeDirectory(
    lookupId: Uint8Array,
  ): { readonly item: Uint8Array; readonly mailboxId: MailboxId; readonly remaining: number } | null

  putInvite(mailboxId: MailboxId, slotId: Uint8Array, item: Uint8Array, expiresAtMs: number): void
  closeInvite(mailboxId: MailboxId, slotId: Uint8Array): void
  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array, nowMs: number): InviteTaken

  blob(mailboxId: MailboxId, blobId: BlobId): BlobRow | null
  blobByCapability(blobId: BlobId, capabilityHash: Uint8Array): BlobRow | null
  blobBytes(mailboxId: MailboxId): number
  putBlob(row: BlobRow): void
  completeBlob(mailboxId: MailboxId, blobId: BlobId, storedAtMs: number): void
  deleteBlob(mailboxId: MailboxId, blobId: BlobId): void

  /** Deletes what has expired; returns the blobs whose files go. */
  sweep(nowMs: number): readonly Pick<BlobRow, 'mailboxId' | 'blobId'>[]
  /** Leaves nothing of deleted rows in the write-ahead log. Outside of a transaction. */
  erase(): void
  close(): void
}
