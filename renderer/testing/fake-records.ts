/** Records of the fake engine, filled with what the contract asks for. */

import type {
  AboutView,
  AttachmentView,
  ChatView,
  ContactView,
  DeliveryPath,
  InviteView,
  MessageBody,
  MessageInfo,
  MessageView,
} from '../../shared/model/chat.ts'
import type { AccountId, BlobId, ChatId, ContactId, DeviceId, InviteId, RelayId } from '../../shared/model/ids.ts'

const DAY_MS = 86_400_000
const SAFETY_NUMBER = '372910485691730552846091723348185027663940175928613350768124'

/** What is said about a person that the fake engine should know. */
export interface Person {
  readonly name: string
  readonly hue: number
  readonly alias?: string
  readonly path?: DeliveryPath
  readonly lastSeenAtMs?: number
  readonly relays?: readonly string[]
}

export const FAKE_ABOUT: AboutView = {
  version: '0.2.0',
  runtime: 'Electron 33.4.11, Node 20.18.3',
  crypto: { hash: 'node', mac: 'node', aead: 'node', x25519: 'node', ed25519: 'node', mlKem: 'noble' },
}

/** An id that is valid to the contract: base64url of this many characters. */
export function fakeId(number: number, chars: number): string {
  return String(number).padStart(chars, 'A')
}

export function fakeChat(chatId: ChatId, contactId: string, person: Person, nowMs: number): ChatView {
  return {
    chatId,
    contactId: contactId as ContactId,
    title: person.alias ?? person.name,
    avatarHue: person.hue,
    path: person.path ?? 'relay',
    blocked: false,
    safety: 'unverified',
    unreadCount: 0,
    draft: '',
    lastMessage: null,
    lastActivityAtMs: nowMs - 60 * DAY_MS,
    lastSeenAtMs: person.lastSeenAtMs ?? null,
  }
}

export function fakeContact(chat: ChatView, person: Person, nowMs: number): ContactView {
  return {
    contactId: chat.contactId,
    chatId: chat.chatId,
    accountId: fakeId(chat.avatarHue, 43) as AccountId,
    name: person.name,
    alias: person.alias ?? '',
    avatarHue: chat.avatarHue,
    blocked: false,
    safety: 'unverified',
    verifiedAtMs: null,
    safetyNumber: SAFETY_NUMBER,
    safetyCode: `parley://safety#${'c2FtcGxlIGtleQ'.repeat(6)}`,
    mayContinue: [],
    devices: [{ deviceId: fakeId(1, 22) as DeviceId, addedAtMs: nowMs - 10 * DAY_MS }],
    relays: (person.relays ?? []).map((name, index) => ({ relayId: fakeId(index, 43) as RelayId, name })),
    path: chat.path,
    transport: chat.path === 'direct' ? 'quic' : null,
  }
}

export function fakeInvite(inviteId: InviteId, label: string, nowMs: number): InviteView {
  return {
    inviteId,
    label,
    link: `parley://invite#${'c2FtcGxlIGludml0ZQ'.repeat(8)}`,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 14 * DAY_MS,
    state: 'open',
    relayCount: 2,
  }
}

export interface FileSketch {
  readonly name: string
  readonly sizeBytes: number
  readonly mediaType?: string
  readonly caption?: string
  readonly photo?: AttachmentView['photo']
  readonly state?: AttachmentView['state']
  readonly doneBytes?: number
  readonly failure?: AttachmentView['failure']
}

let lastBlob = 0

export function fakeFile(sketch: FileSketch): Extract<MessageBody, { kind: 'file' }> {
  lastBlob += 1
  const state = sketch.state ?? 'here'
  return {
    kind: 'file',
    caption: sketch.caption ?? '',
    attachment: {
      blobId: fakeId(lastBlob, 22) as BlobId,
      name: sketch.name,
      mediaType: sketch.mediaType ?? 'application/octet-stream',
      sizeBytes: sketch.sizeBytes,
      photo: sketch.photo ?? null,
      state,
      doneBytes: sketch.doneBytes ?? (state === 'here' ? sketch.sizeBytes : 0),
      failure: sketch.failure ?? null,
    },
  }
}

/** Held by every relay, committed and read as far as the tick says. */
export function fakeMessageInfo(message: MessageView, contact: ContactView): MessageInfo {
  const { status, sentAtMs } = message
  const committed = status === 'delivered' || status === 'read'
  return {
    messageId: message.messageId,
    sentAtMs,
    readAtMs: status === 'read' ? sentAtMs + 90_000 : null,
    devices: contact.devices.map(({ deviceId }) => ({
      deviceId,
      committedAtMs: committed ? sentAtMs + 30_000 : null,
      relays: contact.relays.map((relay, index) => ({
        ...relay,
        heldAtMs: committed || (status === 'held' && index < 2) ? sentAtMs + 1_000 : null,
      })),
    })),
  }
}
