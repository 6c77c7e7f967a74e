/** The tables whose columns are exactly the fields of a record. */

import { ERROR_CODES } from '../../shared/errors.ts'
import type {
  AccountRecord,
  ChatRecord,
  ContactDeviceRecord,
  ContactRecord,
  DepositRecord,
  InviteRecord,
  OutboxRecord,
  OwnRelayRecord,
  ParkedRecord,
  PendingAcceptRecord,
  PrekeyRecord,
  SessionRecord,
} from '../ports/store/records.ts'
import { bytes, choice, flag, id, ids, integer, named, nullable, text, texts } from './columns.ts'
import { Table } from './table.ts'

const LOCAL_ID_BYTES = 16
const KEY_ID_BYTES = 32

/** 16 bytes: devices, envelopes, messages, chats, contacts, blobs, invites. */
export const shortId = <T extends string>() => id<T>(LOCAL_ID_BYTES)
/** 32 bytes: accounts and relays are their keys. */
export const keyId = <T extends string>() => id<T>(KEY_ID_BYTES)

export const failure = nullable(named(ERROR_CODES))
export const prekeyKind = choice(['signed', 'one-time', 'kem-one-time', 'kem-last-resort'])

export const accountTable = new Table<AccountRecord>('account', {
  accountId: keyId(),
  accountSecret: bytes,
  name: text,
  deviceListBytes: bytes,
  deviceListVersion: integer,
  peerSecret: bytes,
  peerPublic: bytes,
  identitySecret: bytes,
  identityPublic: bytes,
  signingSecret: bytes,
  signingPublic: bytes,
  directoryKey: bytes,
  recoveryKey: bytes,
  recoverySaved: flag,
  profileVersion: integer,
  createdAtMs: integer,
})

export const contactTable = new Table<ContactRecord>('contacts', {
  contactId: shortId(),
  accountId: keyId(),
  name: text,
  alias: text,
  blocked: flag,
  createdAtMs: integer,
  lastSeenAtMs: nullable(integer),
  deviceListBytes: bytes,
  deviceListVersion: integer,
  profileBytes: bytes,
  profileVersion: integer,
  ownDeliverySecret: bytes,
  ownHandle: bytes,
  confirmedProfileVersion: integer,
  sendCounter: integer,
  verifiedKey: nullable(keyId()),
  verifiedAtMs: nullable(integer),
  replacedBy: nullable(shortId()),
  olderListVersion: nullable(integer),
})

export const contactDeviceTable = new Table<ContactDeviceRecord>('contact_devices', {
  contactId: shortId(),
  deviceId: shortId(),
  peerKey: bytes,
  identityKey: bytes,
  signingKey: bytes,
  addedAtMs: integer,
})

export const sessionTable = new Table<SessionRecord>('sessions', {
  sessionId: bytes,
  contactId: shortId(),
  deviceId: shortId(),
  state: bytes,
  current: flag,
  usedAtMs: integer,
})

export const prekeyTable = new Table<PrekeyRecord>('prekeys', {
  kind: prekeyKind,
  prekeyId: integer,
  secret: bytes,
  publicKey: bytes,
  signature: bytes,
  createdAtMs: integer,
})

export const chatTable = new Table<ChatRecord>('chats', {
  chatId: shortId(),
  contactId: shortId(),
  draft: text,
  lastActivityAtMs: integer,
  hidden: flag,
})

export const outboxTable = new Table<Omit<OutboxRecord, 'outboxId'>>('outbox', {
  contactId: shortId(),
  deviceId: shortId(),
  messageId: shortId(),
  content: bytes,
  envelope: nullable(bytes),
  envelopeId: nullable(shortId()),
  needsReceipt: flag,
  blobId: nullable(shortId()),
  createdAtMs: integer,
  directCommitted: flag,
})

export const depositTable = new Table<DepositRecord>('deposits', {
  messageId: shortId(),
  deviceId: shortId(),
  relayId: keyId(),
  what: choice(['envelope', 'blob']),
  envelopeId: nullable(shortId()),
  receipt: bytes,
  heldAtMs: integer,
  expiresAtMs: integer,
})

export const parkedTable = new Table<ParkedRecord>('parked', {
  envelopeId: shortId(),
  contactId: shortId(),
  envelope: bytes,
  parkedAtMs: integer,
  resendAtMs: nullable(integer),
})

export const inviteTable = new Table<InviteRecord>('invites', {
  inviteId: shortId(),
  slotId: bytes,
  secret: bytes,
  label: text,
  link: text,
  bundle: bytes,
  deliverySecret: bytes,
  handle: bytes,
  createdAtMs: integer,
  expiresAtMs: integer,
  state: choice(['open', 'used', 'expired', 'revoked']),
  usedByContactId: nullable(shortId()),
  takerNonce: nullable(bytes),
  relayIds: ids(KEY_ID_BYTES),
})

export const pendingAcceptTable = new Table<PendingAcceptRecord>('pending_accepts', {
  slotId: bytes,
  takerNonce: bytes,
  startedAtMs: integer,
})

export const ownRelayTable = new Table<OwnRelayRecord>('own_relays', {
  relayId: keyId(),
  addresses: texts,
  mailboxPublic: bytes,
  mailboxSecret: bytes,
  state: choice(['active', 'leaving']),
  addedAtMs: integer,
  leftAtMs: nullable(integer),
  directoryFilled: flag,
})
