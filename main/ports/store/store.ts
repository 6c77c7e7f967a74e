/**
 * The encrypted store of one profile. Synchronous: `transaction` is the only way to write, it is
 * durable when it returns (WAL, synchronous=FULL), and it undoes everything when its body throws.
 * @throws disk-full | store-damaged from any call
 */

import type {
  BlobId,
  ChatId,
  ContactId,
  DeviceId,
  EnvelopeId,
  InviteId,
  MessageId,
  RelayId,
  AccountId,
} from '../../../shared/model/ids.ts'
import type { Settings } from '../../../shared/model/settings.ts'
import type {
  AccountRecord,
  AttachmentRecord,
  ChatRecord,
  ContactDeviceRecord,
  ContactRecord,
  DepositRecord,
  InviteRecord,
  MessageRecord,
  OutboxRecord,
  OwnRelayRecord,
  ParkedRecord,
  PendingAcceptRecord,
  PrekeyKind,
  PrekeyRecord,
  SessionRecord,
  SkippedKeyRecord,
} from './records.ts'

export interface AccountStore {
  get(): AccountRecord | null
  put(account: AccountRecord): void
  update(patch: Partial<Omit<AccountRecord, 'accountId'>>): void
}

export interface SettingsStore {
  get(): Settings
  put(settings: Settings): void
  /** Hybrid logical clock: milliseconds and counter last given out or seen. */
  clock(): { readonly ms: number; readonly counter: number }
  putClock(clock: { readonly ms: number; readonly counter: number }): void
}

export interface ContactStore {
  list(): readonly ContactRecord[]
  get(contactId: ContactId): ContactRecord | null
  byAccount(accountId: AccountId): ContactRecord | null
  byHandle(handle: Uint8Array): ContactRecord | null
  byPeerKey(peerKey: Uint8Array): ContactRecord | null
  insert(contact: ContactRecord): void
  update(contactId: ContactId, patch: Partial<Omit<ContactRecord, 'contactId'>>): void
  devices(contactId: ContactId): readonly ContactDeviceRecord[]
  /** Replaces the devices; sessions and outbox rows of those that are gone are deleted. */
  setDevices(contactId: ContactId, devices: readonly ContactDeviceRecord[]): void
}

export interface SessionStore {
  /** The current one first, then by last use. */
  ofContact(contactId: ContactId): readonly SessionRecord[]
  current(deviceId: DeviceId): SessionRecord | null
  /** Inserts or replaces by `sessionId`. `current: true` demotes the others; the sixth oldest other is deleted with its skipped keys. */
  put(session: SessionRecord): void
  skippedKey(headerKeyId: Uint8Array, messageNumber: number): SkippedKeyRecord | null
  /** The distinct header keys of a session for which keys are kept. */
  skippedHeaderKeys(sessionId: Uint8Array): readonly Uint8Array[]
  putSkipped(sessionId: Uint8Array, keys: readonly SkippedKeyRecord[], nowMs: number): void
  deleteSkipped(headerKeyId: Uint8Array, messageNumber: number): void
  /** Base keys of last-resort handshakes: true when it was new. */
  rememberBaseKey(hash: Uint8Array, nowMs: number): boolean
}

export interface PrekeyStore {
  get(kind: PrekeyKind, prekeyId: number): PrekeyRecord | null
  /** The newest of a kind that is not handed out by pieces: signed, kem-last-resort. */
  newest(kind: 'signed' | 'kem-last-resort'): PrekeyRecord | null
  /** Ids never repeat, also after deletion. Returns the first of `count` consecutive ones. */
  reserveIds(count: number): number
  insert(prekeys: readonly PrekeyRecord[]): void
  delete(kind: PrekeyKind, prekeyId: number): void
}

export interface ChatStore {
  list(): readonly ChatRecord[]
  get(chatId: ChatId): ChatRecord | null
  ofContact(contactId: ContactId): ChatRecord | null
  insert(chat: ChatRecord): void
  update(chatId: ChatId, patch: Partial<Omit<ChatRecord, 'chatId'>>): void
  /** Every message of `from` moves into `into`, in its place there, and the two chats change their contacts. */
  join(from: ChatId, into: ChatId): void
  unreadCount(chatId: ChatId): number
  lastMessage(chatId: ChatId): MessageRecord | null
  /** Chats with at least one unread message. */
  unreadChatCount(): number
}

export interface MessageStore {
  get(messageId: MessageId): MessageRecord | null
  /** False: the message id is there already, whoever wrote it; nothing was changed. Deleted ones count as there. */
  insert(message: MessageRecord): boolean
  update(messageId: MessageId, patch: Partial<Omit<MessageRecord, 'messageId' | 'chatId' | 'authorId'>>): void
  /** The newest `limit` before `before` (null: the newest), oldest first. */
  page(chatId: ChatId, before: string | null, limit: number): readonly MessageRecord[]
  unread(chatId: ChatId): readonly MessageRecord[]
  /** Own ones to that contact whose status is `sending` or `held`. */
  undelivered(contactId: ContactId): readonly MessageRecord[]
  /** Deletes the row, its attachment's row and its outbox rows; a tombstone keeps copies out. Returns the blobs to delete on disk. */
  delete(messageId: MessageId): readonly BlobId[]
  deleteChat(chatId: ChatId): readonly BlobId[]
  recordCommit(messageId: MessageId, deviceId: DeviceId, atMs: number): void
  commits(messageId: MessageId): readonly { readonly deviceId: DeviceId; readonly committedAtMs: number }[]
}

export interface AttachmentStore {
  get(blobId: BlobId): AttachmentRecord | null
  ofMessage(messageId: MessageId): AttachmentRecord | null
  insert(attachment: AttachmentRecord): void
  update(blobId: BlobId, patch: Partial<Omit<AttachmentRecord, 'blobId' | 'messageId'>>): void
  /** Incoming ones that are not here and not failed. */
  wanted(): readonly AttachmentRecord[]
}

export interface OutboxStore {
  insert(row: Omit<OutboxRecord, 'outboxId'>): OutboxRecord
  /** In the order of insertion. */
  ofDevice(deviceId: DeviceId): readonly OutboxRecord[]
  all(): readonly OutboxRecord[]
  ofMessage(messageId: MessageId): readonly OutboxRecord[]
  byEnvelope(envelopeId: EnvelopeId): OutboxRecord | null
  update(outboxId: number, patch: Partial<Pick<OutboxRecord, 'envelope' | 'envelopeId' | 'directCommitted'>>): void
  delete(outboxId: number): void
  /** The receipt came: ends the rows of that message to that device. */
  deleteDelivered(messageId: MessageId, deviceId: DeviceId): void
  putDeposit(deposit: DepositRecord): void
  deposits(messageId: MessageId): readonly DepositRecord[]
  /** Sealed anew: what relays hold of the old bytes says nothing of the new ones. */
  forgetDeposits(messageId: MessageId, deviceId: DeviceId): void
  /** Own chat messages that wait: distinct message ids. */
  waitingCount(): number
}

export interface InboxStore {
  /** What an envelope that was already taken held. Null: never seen. */
  seen(envelopeId: EnvelopeId): { readonly contactId: ContactId | null; readonly messageId: MessageId | null } | null
  markSeen(row: {
    readonly envelopeId: EnvelopeId
    readonly contactId: ContactId | null
    readonly messageId: MessageId | null
    readonly atMs: number
  }): void
  /** At most 1,000 a contact: the oldest goes. */
  park(row: ParkedRecord): void
  parked(contactId: ContactId): readonly ParkedRecord[]
  allParked(): readonly ParkedRecord[]
  updateParked(envelopeId: EnvelopeId, patch: Partial<Pick<ParkedRecord, 'resendAtMs'>>): void
  unpark(envelopeId: EnvelopeId): void
  /** Drops seen ids, parked rows, skipped keys, old prekeys, deposits and tombstones from before `beforeMs`. */
  sweep(beforeMs: number): void
}

export interface InviteStore {
  list(): readonly InviteRecord[]
  get(inviteId: InviteId): InviteRecord | null
  bySlot(slotId: Uint8Array): InviteRecord | null
  byHandle(handle: Uint8Array): InviteRecord | null
  insert(invite: InviteRecord): void
  update(inviteId: InviteId, patch: Partial<Omit<InviteRecord, 'inviteId'>>): void
  pendingAccept(slotId: Uint8Array): PendingAcceptRecord | null
  putPendingAccept(row: PendingAcceptRecord): void
  deletePendingAccept(slotId: Uint8Array): void
}

export interface OwnRelayStore {
  list(): readonly OwnRelayRecord[]
  get(relayId: RelayId): OwnRelayRecord | null
  insert(relay: OwnRelayRecord): void
  update(relayId: RelayId, patch: Partial<Omit<OwnRelayRecord, 'relayId'>>): void
  delete(relayId: RelayId): void
}

export interface Store {
  readonly account: AccountStore
  readonly settings: SettingsStore
  readonly contacts: ContactStore
  readonly sessions: SessionStore
  readonly prekeys: PrekeyStore
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly attachments: AttachmentStore
  readonly outbox: OutboxStore
  readonly inbox: InboxStore
  readonly invites: InviteStore
  readonly relays: OwnRelayStore
  /** Runs `body` in one durable transaction; nested calls join the outer one. */
  transaction<T>(body: () => T): T
  /** Runs after the outermost transaction committed; dropped when it is undone. */
  afterCommit(callback: () => void): void
  close(): void
}
