/** Rows as the services see them. Ids are base64url text, keys and sealed bytes are bytes. */

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
import type { MessageStatus } from '../../../shared/model/chat.ts'
import type { ErrorCode } from '../../../shared/errors.ts'

/** This profile's own account and device: one row. */
export interface AccountRecord {
  readonly accountId: AccountId
  readonly accountSecret: Uint8Array
  readonly name: string
  readonly deviceListBytes: Uint8Array
  readonly deviceListVersion: number
  readonly peerSecret: Uint8Array
  readonly peerPublic: Uint8Array
  readonly identitySecret: Uint8Array
  readonly identityPublic: Uint8Array
  readonly signingSecret: Uint8Array
  readonly signingPublic: Uint8Array
  /** Random; contacts derive the lookup ids and seal keys of this account's prekeys from it. */
  readonly directoryKey: Uint8Array
  readonly recoveryKey: Uint8Array
  readonly recoverySaved: boolean
  /** Goes up whenever relays, addresses or name change; contacts confirm the version they have. */
  readonly profileVersion: number
  readonly createdAtMs: number
}

export interface ContactRecord {
  readonly contactId: ContactId
  readonly accountId: AccountId
  readonly name: string
  readonly alias: string
  readonly blocked: boolean
  readonly createdAtMs: number
  readonly lastSeenAtMs: number | null
  /** Their signed device list as it came. */
  readonly deviceListBytes: Uint8Array
  readonly deviceListVersion: number
  /** Their last profile (docs/protocol/content.md): relays, mailboxes, addresses; encoded. */
  readonly profileBytes: Uint8Array
  readonly profileVersion: number
  /** 32 bytes that this account gave them: their delivery tokens here are derived from it. */
  readonly ownDeliverySecret: Uint8Array
  /** 4 bytes that relays name with their envelopes. */
  readonly ownHandle: Uint8Array
  /** Which version of this account's profile they have confirmed. */
  readonly confirmedProfileVersion: number
  /** Last order counter used for messages to this chat by this account. */
  readonly sendCounter: number
  /** The account key that this person compared; another one than `accountId` after they came back with a new account. */
  readonly verifiedKey: AccountId | null
  readonly verifiedAtMs: number | null
  /** They came back with a new account: the contact that took this one's chat over. */
  readonly replacedBy: ContactId | null
  /** Version of the outdated device list that was reported last, until a newer list is accepted. */
  readonly olderListVersion: number | null
}

export interface ContactDeviceRecord {
  readonly contactId: ContactId
  readonly deviceId: DeviceId
  readonly peerKey: Uint8Array
  readonly identityKey: Uint8Array
  readonly signingKey: Uint8Array
  readonly addedAtMs: number
}

export interface SessionRecord {
  readonly sessionId: Uint8Array
  readonly contactId: ContactId
  readonly deviceId: DeviceId
  readonly state: Uint8Array
  /** Exactly one session of a device is; at most five others are kept. */
  readonly current: boolean
  readonly usedAtMs: number
}

export interface SkippedKeyRecord {
  /** 32 bytes: names the header key. */
  readonly headerKeyId: Uint8Array
  readonly messageNumber: number
  readonly key: Uint8Array
}

export type PrekeyKind = 'signed' | 'one-time' | 'kem-one-time' | 'kem-last-resort'

export interface PrekeyRecord {
  readonly kind: PrekeyKind
  readonly prekeyId: number
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly createdAtMs: number
}

export interface ChatRecord {
  readonly chatId: ChatId
  readonly contactId: ContactId
  readonly draft: string
  readonly lastActivityAtMs: number
  /** Deleted from the list here; a new message shows it again. */
  readonly hidden: boolean
}

export type StoredBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly caption: string; readonly blobId: BlobId }
  | { readonly kind: 'event'; readonly json: string }
  | { readonly kind: 'unreadable'; readonly reason: 'cannot-decrypt' | 'newer-version' }

export interface MessageRecord {
  readonly messageId: MessageId
  readonly chatId: ChatId
  /** Null: this account. */
  readonly authorId: ContactId | null
  readonly orderKey: string
  readonly sentAtMs: number
  readonly receivedAtMs: number
  readonly late: boolean
  readonly body: StoredBody
  readonly status: MessageStatus | null
  readonly failure: ErrorCode | null
  /** Others' messages: when it was read here. Own: when they read it. */
  readonly readAtMs: number | null
}

export interface AttachmentRecord {
  readonly blobId: BlobId
  readonly messageId: MessageId
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly ciphertextBytes: number
  readonly key: Uint8Array
  readonly sha256: Uint8Array
  readonly photo: { readonly width: number; readonly height: number; readonly blurhash: string } | null
  readonly state: 'remote' | 'partial' | 'here' | 'failed'
  readonly doneBytes: number
  readonly failure: ErrorCode | null
  /** Written here: whom it goes to and whether their device said that it has it. */
  readonly outgoing: boolean
  readonly collected: boolean
}

/** One sealed content on its way to one device. */
export interface OutboxRecord {
  readonly outboxId: number
  readonly contactId: ContactId
  readonly deviceId: DeviceId
  /** The id inside the content. */
  readonly messageId: MessageId
  /** The content before sealing, kept until the receipt so that it can be sealed again. */
  readonly content: Uint8Array
  /** Null: there is no session with that device yet. */
  readonly envelope: Uint8Array | null
  readonly envelopeId: EnvelopeId | null
  /** False for receipts: a commit or a relay's receipt ends those. */
  readonly needsReceipt: boolean
  readonly blobId: BlobId | null
  readonly createdAtMs: number
  /** Committed by the device over a direct stream; what is missing is only the sealed receipt. */
  readonly directCommitted: boolean
}

/** What a relay signed for one message to one device. Kept after the outbox row is gone, for message info. */
export interface DepositRecord {
  readonly messageId: MessageId
  readonly deviceId: DeviceId
  readonly relayId: RelayId
  readonly what: 'envelope' | 'blob'
  readonly envelopeId: EnvelopeId | null
  readonly receipt: Uint8Array
  readonly heldAtMs: number
  readonly expiresAtMs: number
}

export interface ParkedRecord {
  readonly envelopeId: EnvelopeId
  readonly contactId: ContactId
  readonly envelope: Uint8Array
  readonly parkedAtMs: number
  /** When it was last asked for again. */
  readonly resendAtMs: number | null
}

export interface InviteRecord {
  readonly inviteId: InviteId
  readonly slotId: Uint8Array
  readonly secret: Uint8Array
  readonly label: string
  readonly link: string
  /** The sealed bundle, for takers who come directly. */
  readonly bundle: Uint8Array
  readonly deliverySecret: Uint8Array
  readonly handle: Uint8Array
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly state: 'open' | 'used' | 'expired' | 'revoked'
  readonly usedByContactId: ContactId | null
  /** Taken directly by whoever showed this nonce. */
  readonly takerNonce: Uint8Array | null
  /** Relays that confirmed the slot. */
  readonly relayIds: readonly RelayId[]
}

/** An invite of somebody else on its way to becoming a contact; makes accepting repeatable after a kill. */
export interface PendingAcceptRecord {
  readonly slotId: Uint8Array
  readonly takerNonce: Uint8Array
  readonly startedAtMs: number
}

export interface OwnRelayRecord {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
  readonly mailboxPublic: Uint8Array
  readonly mailboxSecret: Uint8Array
  /** `leaving`: no longer offered, still read until contacts confirmed or 65 days passed. */
  readonly state: 'active' | 'leaving'
  readonly addedAtMs: number
  readonly leftAtMs: number | null
  /** The directory's items were put there at least once. */
  readonly directoryFilled: boolean
}
