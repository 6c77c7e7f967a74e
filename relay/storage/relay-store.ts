/**
 * What a relay keeps, behind one interface: SQLite embedded here, another engine for who outgrows one machine.
 * Whatever changes something is durable when its promise resolves. Times are given by the caller.
 */

import type { BlobId, EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import type { InviteTaken, UsageAnswer } from '../../shared/wire/relay-answers.ts'
import type { DirectoryEntry, TokenEntry } from '../../shared/wire/relay-requests.ts'

export interface StoreLimits {
  readonly maxMailboxes: number
  readonly mailboxMaxEnvelopes: number
  readonly mailboxMaxBytes: number
  readonly mailboxMaxBlobBytes: number
  readonly mailboxMaxTokens: number
  readonly mailboxMaxDirectories: number
  readonly mailboxMaxInvites: number
}

export interface DepositItem {
  readonly mailboxId: MailboxId
  readonly tokenHash: Uint8Array
  readonly envelopeId: EnvelopeId
  readonly envelope: Uint8Array
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

export type DepositResult =
  /** The times are those of the first deposit; `isNew` says whether this was it. */
  | { readonly kind: 'held'; readonly storedAtMs: number; readonly expiresAtMs: number; readonly isNew: boolean }
  | { readonly kind: 'collected' }
  /** No such mailbox, or no such token: from outside the same. */
  | { readonly kind: 'no-token' }
  | { readonly kind: 'full' }

export interface StoredEnvelope {
  /** Grows with each deposit. */
  readonly sequence: number
  readonly envelopeId: EnvelopeId
  readonly handle: Uint8Array
  readonly envelope: Uint8Array
  readonly storedAtMs: number
}

/** An envelope as it was pushed. */
export type PushedName = Pick<StoredEnvelope, 'sequence' | 'envelopeId'> & { readonly sizeBytes: number }

/** What is used of a mailbox beside its envelopes. */
export interface MailboxHoldings {
  readonly blobBytes: number
  readonly tokens: number
  /** Of strangers. */
  readonly doorEnvelopes: number
  readonly doorOpen: boolean
}

export interface DirectoryStock {
  readonly lookupId: Uint8Array
  readonly remaining: number
}

/** What lies here in all. */
export interface StoreTotals {
  readonly mailboxes: number
  readonly envelopes: number
  readonly envelopeBytes: number
}

export interface BlobName {
  readonly mailboxId: MailboxId
  readonly blobId: BlobId
}

export interface BlobRow extends BlobName {
  readonly sizeBytes: number
  readonly sha256: Uint8Array
  readonly capabilityHash: Uint8Array
  readonly complete: boolean
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

export interface RelayStore {
  /** `admits: false` opens no new ones. */
  openMailbox(
    mailbox: { readonly mailboxId: MailboxId; readonly publicKey: Uint8Array; readonly openedAtMs: number },
    admits: boolean,
  ): Promise<'open' | 'not-admitted' | 'full'>
  usage(mailboxId: MailboxId): Promise<UsageAnswer>
  /** Counted in slices: requests get their turn between them, so it may be a moment old. */
  totals(): Promise<StoreTotals>
  holdings(mailboxId: MailboxId): Promise<MailboxHoldings>
  /** Whether strangers may deposit. A new mailbox lets them. */
  setDoor(mailboxId: MailboxId, open: boolean): Promise<void>
  /**
   * Deletes a slice of all that the mailbox holds; with the last slice the mailbox is gone. From the first one on it takes
   * nothing from senders. Returns the blobs whose files go.
   */
  closeMailbox(mailboxId: MailboxId): Promise<{ readonly blobs: readonly BlobName[]; readonly more: boolean }>

  putTokens(mailboxId: MailboxId, tokens: readonly TokenEntry[]): Promise<'stored' | 'full'>
  revokeTokens(mailboxId: MailboxId, hashes: readonly Uint8Array[]): Promise<void>
  hasToken(mailboxId: MailboxId, tokenHash: Uint8Array): Promise<boolean>

  /** One result an item, in order. */
  deposit(items: readonly DepositItem[]): Promise<readonly DepositResult[]>
  /**
   * From a stranger: kept with an empty handle. `no-token`: no such mailbox, or its door is closed. `full`: the mailbox is, or
   * `maxPending` of strangers wait there.
   */
  depositAtDoor(item: Omit<DepositItem, 'tokenHash'>, maxPending: number): Promise<DepositResult>
  /** In the order of deposit, after a sequence number; those that expired are left out. */
  envelopesAfter(
    mailboxId: MailboxId,
    sequence: number,
    limits: { readonly count: number; readonly bytes: number },
    nowMs: number,
  ): Promise<readonly StoredEnvelope[]>
  /** Deletes, and leaves a tombstone. */
  collect(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[], nowMs: number): Promise<void>

  /** The same for what was pushed, which costs less. */
  collectPushed(mailboxId: MailboxId, pushed: readonly PushedName[], nowMs: number): Promise<void>

  /** How many one-time items lie there now. At most 200: more are left away. */
  putDirectory(mailboxId: MailboxId, entry: DirectoryEntry): Promise<number | 'foreign' | 'full'>
  /** Each one-time item once, then the last resort; that alone without `mayHaveOneTimeItem` (default: true). */
  takeDirectory(
    lookupId: Uint8Array,
    mayHaveOneTimeItem?: boolean,
  ): Promise<{ readonly item: Uint8Array; readonly mailboxId: MailboxId; readonly remaining: number } | null>
  directoryStock(mailboxId: MailboxId): Promise<readonly DirectoryStock[]>
  /** A directory that lost a commit must not hand out what it handed out before. Returns how many went. */
  discardOneTimeItems(): Promise<number>

  putInvite(
    mailboxId: MailboxId,
    slot: { readonly slotId: Uint8Array; readonly item: Uint8Array; readonly expiresAtMs: number },
  ): Promise<'stored' | 'foreign' | 'full'>
  closeInvite(mailboxId: MailboxId, slotId: Uint8Array): Promise<void>
  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array, nowMs: number): Promise<InviteTaken>

  /** The row that is there already, or this one, stored. */
  beginBlob(row: BlobRow): Promise<BlobRow | 'full'>
  completeBlob(name: BlobName, storedAtMs: number): Promise<void>
  /** Complete ones alone. */
  blobByCapability(blobId: BlobId, capabilityHash: Uint8Array, nowMs: number): Promise<BlobRow | null>
  deleteBlob(name: BlobName): Promise<void>
  blobNames(): Promise<readonly BlobName[]>

  /** A value that changes over time; null in a new store. Tells a restored copy from the real one. */
  incarnation(): Promise<Uint8Array | null>
  setIncarnation(value: Uint8Array): Promise<void>

  /** Deletes a slice of what has expired; returns the blobs whose files go, and whether there may be more. */
  sweep(nowMs: number): Promise<{ readonly blobs: readonly BlobName[]; readonly more: boolean }>
  /** Leaves nothing of deleted rows in logs and free pages. */
  erase(): void
  close(): void
}
