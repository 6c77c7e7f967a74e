/** Whole records for tests; a number tells one from another. */

import { idFromBytes } from '../../../shared/model/ids.ts'
import type {
  AccountId,
  BlobId,
  ChatId,
  ContactId,
  DeviceId,
  EnvelopeId,
  InviteId,
  MessageId,
  RelayId,
} from '../../../shared/model/ids.ts'
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
  PrekeyRecord,
  SessionRecord,
} from '../store/records.ts'

/** `sizeBytes` bytes that are another for each kind and number. */
export function sampleBytes(kind: number, number: number, sizeBytes = 32): Uint8Array {
  const sample = new Uint8Array(sizeBytes).fill(kind)
  if (sizeBytes >= 4) new DataView(sample.buffer).setUint32(0, number)
  return sample
}

export const contactIdOf = (number: number): ContactId => idFromBytes(sampleBytes(1, number, 16))
export const chatIdOf = (number: number): ChatId => idFromBytes(sampleBytes(2, number, 16))
export const messageIdOf = (number: number): MessageId => idFromBytes(sampleBytes(3, number, 16))
export const deviceIdOf = (number: number): DeviceId => idFromBytes(sampleBytes(4, number, 16))
export const envelopeIdOf = (number: number): EnvelopeId => idFromBytes(sampleBytes(5, number, 16))
export const blobIdOf = (number: number): BlobId => idFromBytes(sampleBytes(6, number, 16))
export const relayIdOf = (number: number): RelayId => idFromBytes(sampleBytes(7, number))
export const inviteIdOf = (number: number): InviteId => idFromBytes(sampleBytes(8, number, 16))
export const accountIdOf = (number: number): AccountId => idFromBytes(sampleBytes(9, number))

/** Sorts by `place`. */
export const orderKeyOf = (place: number): string => place.toString(16).padStart(12, '0').padEnd(56, 'a')

export function sampleAccount(patch: Partial<AccountRecord> = {}): AccountRecord {
  return {
    accountId: accountIdOf(0),
    accountSecret: sampleBytes(20, 0),
    name: 'Ada',
    deviceListBytes: sampleBytes(21, 0, 120),
    deviceListVersion: 1,
    peerSecret: sampleBytes(22, 0),
    peerPublic: sampleBytes(23, 0),
    identitySecret: sampleBytes(24, 0),
    identityPublic: sampleBytes(25, 0),
    signingSecret: sampleBytes(26, 0),
    signingPublic: sampleBytes(27, 0),
    directoryKey: sampleBytes(28, 0),
    recoveryKey: sampleBytes(29, 0),
    recoverySaved: false,
    profileVersion: 1,
    createdAtMs: 1_700_000_000_000,
    ...patch,
  }
}

export function sampleContact(number: number, patch: Partial<ContactRecord> = {}): ContactRecord {
  return {
    contactId: contactIdOf(number),
    accountId: accountIdOf(number),
    name: `Contact ${number}`,
    alias: '',
    blocked: false,
    createdAtMs: 1_000 + number,
    lastSeenAtMs: null,
    deviceListBytes: sampleBytes(30, number, 120),
    deviceListVersion: 1,
    profileBytes: sampleBytes(31, number, 200),
    profileVersion: 1,
    ownDeliverySecret: sampleBytes(32, number),
    ownHandle: sampleBytes(33, number, 4),
    confirmedProfileVersion: 0,
    sendCounter: 0,
    verifiedKey: null,
    verifiedAtMs: null,
    replacedBy: null,
    olderListVersion: null,
    ...patch,
  }
}

export function sampleDevice(contact: number, device: number): ContactDeviceRecord {
  return {
    contactId: contactIdOf(contact),
    deviceId: deviceIdOf(device),
    peerKey: sampleBytes(34, device),
    identityKey: sampleBytes(35, device),
    signingKey: sampleBytes(36, device),
    addedAtMs: 2_000 + device,
  }
}

export function sampleSession(number: number, patch: Partial<SessionRecord> = {}): SessionRecord {
  return {
    sessionId: sampleBytes(37, number),
    contactId: contactIdOf(1),
    deviceId: deviceIdOf(1),
    state: sampleBytes(38, number, 500),
    current: true,
    usedAtMs: 3_000 + number,
    ...patch,
  }
}

export function samplePrekey(prekeyId: number, patch: Partial<PrekeyRecord> = {}): PrekeyRecord {
  return {
    kind: 'one-time',
    prekeyId,
    secret: sampleBytes(39, prekeyId),
    publicKey: sampleBytes(40, prekeyId),
    signature: sampleBytes(41, prekeyId, 64),
    createdAtMs: 4_000 + prekeyId,
    ...patch,
  }
}

export function sampleChat(number: number, patch: Partial<ChatRecord> = {}): ChatRecord {
  return {
    chatId: chatIdOf(number),
    contactId: contactIdOf(number),
    draft: '',
    lastActivityAtMs: 5_000 + number,
    hidden: false,
    ...patch,
  }
}

/** Own, in the chat with contact 1, at place `number`. */
export function sampleMessage(number: number, patch: Partial<MessageRecord> = {}): MessageRecord {
  return {
    messageId: messageIdOf(number),
    chatId: chatIdOf(1),
    authorId: null,
    orderKey: orderKeyOf(number),
    sentAtMs: 6_000 + number,
    receivedAtMs: 6_000 + number,
    late: false,
    body: { kind: 'text', text: `Message ${number}` },
    status: 'sending',
    failure: null,
    readAtMs: null,
    ...patch,
  }
}

/** The same, written by contact 1 and unread. */
export function theirMessage(number: number, patch: Partial<MessageRecord> = {}): MessageRecord {
  return sampleMessage(number, { authorId: contactIdOf(1), status: null, ...patch })
}

export function sampleAttachment(number: number, patch: Partial<AttachmentRecord> = {}): AttachmentRecord {
  return {
    blobId: blobIdOf(number),
    messageId: messageIdOf(number),
    name: 'garden.jpg',
    mediaType: 'image/jpeg',
    sizeBytes: 1_000,
    ciphertextBytes: 1_100,
    key: sampleBytes(42, number),
    sha256: sampleBytes(43, number),
    photo: { width: 640, height: 480, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj' },
    state: 'remote',
    doneBytes: 0,
    failure: null,
    outgoing: false,
    collected: false,
    ...patch,
  }
}

/** For message `number` to device 1 of contact 1. */
export function sampleOutbox(
  number: number,
  patch: Partial<Omit<OutboxRecord, 'outboxId'>> = {},
): Omit<OutboxRecord, 'outboxId'> {
  return {
    contactId: contactIdOf(1),
    deviceId: deviceIdOf(1),
    messageId: messageIdOf(number),
    content: sampleBytes(44, number, 80),
    envelope: null,
    envelopeId: null,
    needsReceipt: true,
    blobId: null,
    createdAtMs: 7_000 + number,
    directCommitted: false,
    ...patch,
  }
}

export function sampleDeposit(number: number, patch: Partial<DepositRecord> = {}): DepositRecord {
  return {
    messageId: messageIdOf(number),
    deviceId: deviceIdOf(1),
    relayId: relayIdOf(1),
    what: 'envelope',
    envelopeId: envelopeIdOf(number),
    receipt: sampleBytes(45, number, 140),
    heldAtMs: 8_000 + number,
    expiresAtMs: 9_000_000,
    ...patch,
  }
}

export function sampleInvite(number: number, patch: Partial<InviteRecord> = {}): InviteRecord {
  return {
    inviteId: inviteIdOf(number),
    slotId: sampleBytes(46, number),
    secret: sampleBytes(47, number),
    label: `For ${number}`,
    link: `parley://invite#${number}`,
    bundle: sampleBytes(48, number, 400),
    deliverySecret: sampleBytes(49, number),
    handle: sampleBytes(50, number, 4),
    createdAtMs: 10_000 + number,
    expiresAtMs: 20_000,
    state: 'open',
    usedByContactId: null,
    takerNonce: null,
    relayIds: [],
    ...patch,
  }
}

export function sampleRelay(number: number, patch: Partial<OwnRelayRecord> = {}): OwnRelayRecord {
  return {
    relayId: relayIdOf(number),
    addresses: [`/ip4/127.0.0.1/tcp/${number}`, '/dns4/relay.example/tcp/443/wss'],
    mailboxPublic: sampleBytes(51, number),
    mailboxSecret: sampleBytes(52, number),
    state: 'active',
    addedAtMs: 11_000 + number,
    leftAtMs: null,
    directoryFilled: false,
    ...patch,
  }
}
