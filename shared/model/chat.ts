/** What the engine knows about chats and messages, in the form in which the window shows it. */

import type { AccountId, BlobId, ChatId, ContactId, DeviceId, InviteId, MessageId, RelayId } from './ids.ts'
import type { ErrorCode } from '../errors.ts'

/**
 * How messages to a contact travel right now. `direct`: a stream to one of their devices is open.
 * `relay`: none is, but at least one of their relays answered last. `waiting`: neither.
 */
export type DeliveryPath = 'direct' | 'relay' | 'waiting'

/**
 * The tick of an own message; facts only (docs/protocol/delivery.md).
 * `sending` clock: in the outbox of this device. `held` one tick: a majority of the recipient's relays
 * signed for it, for each of their devices. `delivered` two: a device of theirs committed it.
 * `read` two, coloured. `failed`: given up, with a code.
 */
export type MessageStatus = 'sending' | 'held' | 'delivered' | 'read' | 'failed'

export interface AttachmentView {
  readonly blobId: BlobId
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  /** Only for pictures that the window draws in a bubble. */
  readonly photo: { readonly width: number; readonly height: number; readonly blurhash: string } | null
  /** `remote`: not here yet; `partial`: some bytes are; `here`: complete and verified; `failed`: see `failure`. */
  readonly state: 'remote' | 'partial' | 'here' | 'failed'
  readonly doneBytes: number
  readonly failure: ErrorCode | null
}

export type MessageBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly caption: string; readonly attachment: AttachmentView }
  /** A line of its own in the conversation, written by the engine, not by a person. */
  | { readonly kind: 'event'; readonly event: ChatEvent }
  /** A message of theirs that has arrived and cannot be opened (yet). */
  | { readonly kind: 'unreadable'; readonly reason: 'cannot-decrypt' | 'newer-version' }

export type ChatEvent =
  | { readonly type: 'chat-opened' }
  | { readonly type: 'key-changed' }
  | { readonly type: 'device-added'; readonly deviceId: DeviceId }
  | { readonly type: 'device-removed'; readonly deviceId: DeviceId }
  /** They showed a list of devices, rightly signed, that is older than the one known here. */
  | { readonly type: 'device-list-rolled-back' }
  | { readonly type: 'renamed'; readonly name: string }

/**
 * `verified`: their account key was compared. `changed`: another one was, before they came back with this account;
 * nothing is sent until it is confirmed.
 */
export type SafetyState = 'unverified' | 'verified' | 'changed'

/** What a scanned safety code says: the same keys, other keys, or not the code of this contact at all. */
export type CodeComparison = 'match' | 'mismatch' | 'other-person'

export interface MessageView {
  readonly messageId: MessageId
  readonly chatId: ChatId
  /** Null: written here. */
  readonly authorId: ContactId | null
  /** Sorts the messages of a chat: compare as text. Unique within the chat. */
  readonly orderKey: string
  /** The author's clock, milliseconds since the epoch. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
  /** Set in its place among older ones: shown with a "received later" mark. */
  readonly late: boolean
  readonly body: MessageBody
  /** Null on messages of others. */
  readonly status: MessageStatus | null
  readonly failure: ErrorCode | null
}

export interface ChatView {
  readonly chatId: ChatId
  readonly contactId: ContactId
  /** What this person chose to call them, else the name they gave. */
  readonly title: string
  /** 0 to 11, steps of 30 degrees: first byte of SHA-256(account key) mod 12. */
  readonly avatarHue: number
  readonly path: DeliveryPath
  readonly blocked: boolean
  readonly safety: SafetyState
  readonly unreadCount: number
  readonly draft: string
  readonly lastMessage: MessageView | null
  /** Sorts the list, newest first. */
  readonly lastActivityAtMs: number
  /** Null until the other side's app has answered once. */
  readonly lastSeenAtMs: number | null
}

export interface ContactView {
  readonly contactId: ContactId
  readonly chatId: ChatId
  readonly accountId: AccountId
  /** The name they gave themselves. */
  readonly name: string
  /** The name given here; empty when none. */
  readonly alias: string
  readonly avatarHue: number
  readonly blocked: boolean
  readonly safety: SafetyState
  /** When the key was compared; null when none was. */
  readonly verifiedAtMs: number | null
  readonly safetyNumber: string
  /** What the other side scans: text of a QR code. */
  readonly safetyCode: string
  /** Chats of people who were here before, and whom this may be under a new account. */
  readonly mayContinue: readonly ChatId[]
  readonly devices: readonly { readonly deviceId: DeviceId; readonly addedAtMs: number }[]
  readonly relays: readonly { readonly relayId: RelayId; readonly name: string }[]
  readonly path: DeliveryPath
  /** The transport of the open direct path, else null. */
  readonly transport: DirectTransport | null
}

export type DirectTransport = 'quic' | 'tcp' | 'websocket' | 'webrtc' | 'circuit'

/** Where one own message is, device by device and relay by relay. */
export interface MessageInfo {
  readonly messageId: MessageId
  readonly sentAtMs: number
  readonly devices: readonly {
    readonly deviceId: DeviceId
    readonly committedAtMs: number | null
    readonly relays: readonly { readonly relayId: RelayId; readonly name: string; readonly heldAtMs: number | null }[]
  }[]
  readonly readAtMs: number | null
}

export interface InviteView {
  readonly inviteId: InviteId
  /** Who it is for, as typed here; empty when nothing was. */
  readonly label: string
  /** `parley://invite#…`; empty once it no longer works. */
  readonly link: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly state: 'open' | 'used' | 'expired' | 'revoked'
  /** How many relays keep a place for the answer; 0: it works while this app is open and reachable. */
  readonly relayCount: number
}

export interface AccountView {
  readonly accountId: AccountId
  readonly name: string
  readonly avatarHue: number
  readonly recoverySaved: boolean
}

/** Which implementation serves a primitive. */
export type CryptoImplementation = 'node' | 'libsodium' | 'noble'
export type CryptoPrimitive = 'hash' | 'mac' | 'aead' | 'x25519' | 'ed25519' | 'mlKem'

export interface AboutView {
  readonly version: string
  /** Electron or Node, with its version. */
  readonly runtime: string
  readonly crypto: Readonly<Record<CryptoPrimitive, CryptoImplementation>>
}

export interface RelayView {
  readonly relayId: RelayId
  /** Host and port as a person would say it. */
  readonly name: string
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'refused'
  readonly roundTripMs: number | null
  readonly sinceMs: number
  readonly failure: ErrorCode | null
  /** Envelopes that it holds for this device, as far as it said. */
  readonly heldCount: number
}

export interface NetworkView {
  /** False when neither a relay nor a person can be reached and the machine says it has no network. */
  readonly online: boolean
  readonly directCount: number
  readonly relayPathCount: number
  /** Own messages still in the outbox. */
  readonly waitingCount: number
  readonly relays: readonly RelayView[]
}
