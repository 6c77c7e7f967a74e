/**
 * What the services ask of a relay. Two roles on two libp2p nodes: the owner, who proves a mailbox
 * key, and the sender, who leaves no trace of an account (docs/protocol/relay.md).
 */

import type { BlobId, EnvelopeId, MailboxId, RelayId } from '../../shared/model/ids.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import type { Allowance, TurnCredentials } from '../../shared/wire/relay-allowance.ts'

/** How a relay is found. A front end is accepted only when the relay's key signed for its PeerId. */
export interface RelayContactPoint {
  readonly relayId: RelayId
  /** Multiaddrs without a PeerId, most likely first. */
  readonly addresses: readonly string[]
  /** What the operator gave to those who may open a mailbox there, where not everybody may. */
  readonly admission?: Uint8Array
}

export interface RelayInfo {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
  readonly retentionSeconds: number
  readonly maxEnvelopeBytes: number
  readonly maxBlobBytes: number
}

/** Ed25519, made for one relay and used nowhere else. */
export interface MailboxKey {
  readonly publicKey: Uint8Array
  /** 32-byte seed. */
  readonly secretKey: Uint8Array
}

export interface PushedEnvelope {
  readonly envelope: Uint8Array
  /** 4 bytes: the handle that the owner gave to the token this came under; empty for the front door. */
  readonly handle: Uint8Array
  /** How long the relay held it. */
  readonly heldMs: number
}

export interface DeliveryToken {
  /** 32 bytes; the relay is given SHA-256 of it. */
  readonly token: Uint8Array
  readonly handle: Uint8Array
}

export interface OwnerHandlers {
  /** Resolves when the batch is committed; the client acknowledges exactly those it returns. */
  onPush(batch: readonly PushedEnvelope[]): Promise<readonly EnvelopeId[]>
  /** One-time items left under a directory key, when they are few; once until it is filled. After `connectOwner` resolved. */
  onStock(lookupId: Uint8Array, remaining: number): void
  /** Once, when the connection is lost; not for a `close` of one's own. */
  onClosed(code: ErrorCode): void
}

/** A live, proven connection of a mailbox's owner. */
export interface OwnerConnection {
  readonly info: RelayInfo
  readonly mailboxId: MailboxId
  /** Adds tokens; known ones are left as they are. */
  putTokens(tokens: readonly DeliveryToken[]): Promise<void>
  revokeTokens(tokens: readonly Uint8Array[]): Promise<void>
  /**
   * Fills the prekey directory: opaque items under a 32-byte lookup id, each handed out at most once,
   * then `lastResort` again and again. `replace` discards what was there.
   */
  putDirectory(entry: {
    readonly lookupId: Uint8Array
    readonly items: readonly Uint8Array[]
    readonly lastResort: Uint8Array
    readonly replace: boolean
  }): Promise<{ readonly remaining: number }>
  /** A place for an invite: one item, taken atomically once. */
  putInviteSlot(slot: {
    readonly slotId: Uint8Array
    readonly item: Uint8Array
    readonly expiresAtMs: number
  }): Promise<void>
  closeInviteSlot(slotId: Uint8Array): Promise<void>
  /** Drops envelopes that arrived by another way, without downloading them. */
  acknowledge(envelopeIds: readonly EnvelopeId[]): Promise<void>
  usage(): Promise<{ readonly envelopeCount: number; readonly bytes: number }>
  /** What is used of what this relay lets a mailbox have. @throws unsupported-version: an older relay */
  allowance(): Promise<Allowance>
  /** Whether strangers may deposit, for their proof of work. A new mailbox lets them. @throws unsupported-version */
  setDoor(open: boolean): Promise<void>
  /** Time-limited credentials for the TURN server beside this relay. Null: there is none. */
  turnCredentials(): Promise<TurnCredentials | null>
  /** For good: deletes the mailbox with all that lies there, and ends the connection. @throws unsupported-version */
  closeMailbox(): Promise<void>
  /** Round trip in milliseconds. */
  ping(): Promise<number>
  close(): Promise<void>
}

export interface Deposit {
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
  readonly envelope: Uint8Array
  readonly ttlSeconds: number
}

/** What a stranger lays before the door of a mailbox: at most 16,384 bytes. */
export interface DoorDeposit {
  readonly mailboxId: MailboxId
  readonly envelope: Uint8Array
  readonly ttlSeconds: number
}

export type DepositOutcome =
  /** Durable; `receipt` is signed by the relay and was verified. */
  | { readonly kind: 'held'; readonly receipt: Uint8Array; readonly expiresAtMs: number }
  /** The owner took it within the last 48 hours. */
  | { readonly kind: 'collected' }
  | { readonly kind: 'refused'; readonly code: ErrorCode }

export type SlotOutcome =
  | { readonly kind: 'item'; readonly item: Uint8Array }
  | { readonly kind: 'used' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' }

export interface BlobUpload {
  readonly blobId: BlobId
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
  readonly sizeBytes: number
  /** SHA-256 of the ciphertext. */
  readonly sha256: Uint8Array
  /** 32 bytes; the relay keeps SHA-256 of it. */
  readonly readCapability: Uint8Array
  readonly ttlSeconds: number
  /** Reads ciphertext from an offset, in chunks of at most 64 KiB. */
  read(offset: number): AsyncIterable<Uint8Array>
  onProgress(doneBytes: number): void
}

export type BlobUploadOutcome =
  | { readonly kind: 'held'; readonly receipt: Uint8Array; readonly expiresAtMs: number }
  | { readonly kind: 'refused'; readonly code: ErrorCode }

export interface BlobDownload {
  readonly totalBytes: number
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface RelayPort {
  /**
   * Connects as owner, proves the key, creates the mailbox where it is missing, subscribes.
   * @throws unreachable | timeout | relay-refused | relay-full | relay-lying
   */
  connectOwner(relay: RelayContactPoint, key: MailboxKey, handlers: OwnerHandlers): Promise<OwnerConnection>
  /**
   * Looks at a relay before it is added, by address alone (`relayId` then comes from its signed list).
   * @throws unreachable | timeout | relay-lying
   */
  probe(addresses: readonly string[], expected: RelayId | null): Promise<RelayInfo & { readonly roundTripMs: number }>

  // the sender's half: from the second node
  /** One outcome per deposit, in order. @throws unreachable | timeout | relay-lying */
  deposit(relay: RelayContactPoint, deposits: readonly Deposit[]): Promise<readonly DepositOutcome[]>
  /**
   * As a stranger, for a proof of work: it takes a second or so, and more where the relay is busy. `door-closed` as well when
   * there is no such mailbox. @throws unreachable | timeout | relay-lying | cancelled | unsupported-version
   */
  depositAtDoor(relay: RelayContactPoint, deposit: DoorDeposit, signal: AbortSignal): Promise<DepositOutcome>
  /** Null: nothing under that id. @throws unreachable | timeout | relay-lying */
  takeDirectory(relay: RelayContactPoint, lookupId: Uint8Array): Promise<Uint8Array | null>
  /** `takerNonce` (16 bytes) makes the call repeatable: the same taker gets the same item again. */
  takeInvite(relay: RelayContactPoint, slotId: Uint8Array, takerNonce: Uint8Array): Promise<SlotOutcome>
  /** Resumes where the relay stopped. @throws unreachable | timeout | relay-lying | cancelled */
  putBlob(relay: RelayContactPoint, upload: BlobUpload, signal: AbortSignal): Promise<BlobUploadOutcome>
  /** Null: it does not hold this blob (whole). */
  getBlob(
    relay: RelayContactPoint,
    request: { readonly blobId: BlobId; readonly readCapability: Uint8Array; readonly offset: number },
    signal: AbortSignal,
  ): Promise<BlobDownload | null>
  /** The reader has verified the hash on its disk: the relay may drop the blob. */
  blobDone(relay: RelayContactPoint, blobId: BlobId, readCapability: Uint8Array): Promise<void>
  stop(): Promise<void>
}
