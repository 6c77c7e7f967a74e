/**
 * The one contract between the window (or the CLI) and the engine. Commands go inward over a
 * MessagePort, events come outward; the engine never asks the window anything.
 *
 * Inputs are parsed against `commandInputs` at the engine's boundary, whoever sent them. Outputs
 * are typed by `CommandOutputs`. A failure crosses as `{ ok: false, code, detail }`.
 */

import * as z from 'zod/mini'
import { settingsSchema } from '../model/settings.ts'
import type { Settings } from '../model/settings.ts'
import { MAX_SAFETY_CODE_CHARS } from '../wire/safety-code.ts'
import type {
  AboutView,
  AccountView,
  ChatView,
  CodeComparison,
  ContactView,
  InviteView,
  MessageInfo,
  MessageView,
  NetworkView,
  RelayView,
} from '../model/chat.ts'
import type { BlobId, ChatId, ContactId, InviteId, MessageId, RelayId } from '../model/ids.ts'
import type { ErrorCode } from '../errors.ts'

export const LIMITS = {
  nameBytes: 128,
  textBytes: 65_536,
  captionBytes: 4_096,
  fileBytes: 100 * 1_000_000,
  stagedFileBytes: 20 * 1_000_000,
  linkChars: 1_024,
  pageMessages: 200,
} as const

const byteLength = (text: string): number => new TextEncoder().encode(text).length
const boundedText = (maxBytes: number) => z.string().check(z.refine((text) => byteLength(text) <= maxBytes))
const name = z.string().check(
  z.trim(),
  z.refine((text) => text.length > 0 && byteLength(text) <= LIMITS.nameBytes),
)
const base64Url = (chars: number) => z.string().check(z.regex(new RegExp(`^[A-Za-z0-9_-]{${chars}}$`)))

const id16 = base64Url(22)
const id32 = base64Url(43)
const chatId = z.pipe(
  id16,
  z.transform((text) => text as ChatId),
)
const contactId = z.pipe(
  id16,
  z.transform((text) => text as ContactId),
)
const messageId = z.pipe(
  id16,
  z.transform((text) => text as MessageId),
)
const inviteId = z.pipe(
  id16,
  z.transform((text) => text as InviteId),
)
const blobId = z.pipe(
  id16,
  z.transform((text) => text as BlobId),
)
const relayId = z.pipe(
  id32,
  z.transform((text) => text as RelayId),
)
/** Minted by the shell for one path that the person chose; the engine alone learns the path. */
const fileGrant = base64Url(22)
const passphrase = boundedText(1_024).check(z.minLength(8))
const photo = z.strictObject({
  width: z.int().check(z.minimum(1), z.maximum(65_535)),
  height: z.int().check(z.minimum(1), z.maximum(65_535)),
  blurhash: z.string().check(z.maxLength(100)),
})
const nothing = z.strictObject({})

export const commandInputs = {
  /** The phase, and in phase `ready` what the first screen needs. */
  'app.state': nothing,
  /** What runs here: in every phase. */
  'app.about': nothing,

  /** Makes the account. `passphrase` is needed exactly when the phase says `keychain: false`. */
  'account.create': z.strictObject({ name, passphrase: z.optional(passphrase) }),
  'account.rename': z.strictObject({ name }),
  'account.unlock': z.strictObject({ passphrase: boundedText(1_024) }),
  /** The keychain entry is gone: opens the profile with its recovery key and seals the key anew. */
  'account.recover': z.strictObject({ recoveryKey: boundedText(256), passphrase: z.optional(passphrase) }),
  /** Sets, changes (`current` needed) or, with `next: null` and a keychain, removes the passphrase. */
  'account.set-passphrase': z.strictObject({
    current: z.optional(boundedText(1_024)),
    next: z.nullable(passphrase),
  }),
  /** The recovery key as text, to be written down. The one secret that is ever shown, and only on request. */
  'account.recovery-key': nothing,
  'account.save-recovery-file': z.strictObject({ grant: fileGrant }),
  'account.restore': z.strictObject({
    grant: fileGrant,
    recoveryKey: boundedText(256),
    passphrase: z.optional(passphrase),
  }),

  'settings.set': z.partial(settingsSchema),

  'invites.list': nothing,
  'invites.create': z.strictObject({ label: boundedText(LIMITS.nameBytes) }),
  'invites.set-label': z.strictObject({ inviteId, label: boundedText(LIMITS.nameBytes) }),
  'invites.revoke': z.strictObject({ inviteId }),
  'invites.accept': z.strictObject({ link: z.string().check(z.maxLength(LIMITS.linkChars)) }),

  'chats.list': nothing,
  /** Which chat is open before the person's eyes (null: none); decides read state and notifications. */
  'chats.set-open': z.strictObject({ chatId: z.nullable(chatId) }),
  'chats.mark-read': z.strictObject({ chatId }),
  'chats.set-draft': z.strictObject({ chatId, text: boundedText(LIMITS.textBytes) }),
  /** Deletes the messages and the chat's row here; the contact stays and a new message opens it again. */
  'chats.delete': z.strictObject({ chatId }),

  'contacts.get': z.strictObject({ contactId }),
  'contacts.rename': z.strictObject({ contactId, alias: boundedText(LIMITS.nameBytes) }),
  'contacts.set-blocked': z.strictObject({ contactId, blocked: z.boolean() }),
  /** The safety number was compared, or that is taken back. */
  'contacts.set-verified': z.strictObject({ contactId, verified: z.boolean() }),
  /** A code scanned from their screen; a match marks them as verified. */
  'contacts.verify-code': z.strictObject({ contactId, code: z.string().check(z.maxLength(MAX_SAFETY_CODE_CHARS)) }),
  /** Goes on without comparing: what waits is sent to the new account. */
  'contacts.confirm-key': z.strictObject({ contactId }),
  /** This contact is somebody who came back with a new account: the old chat goes on with it. */
  'contacts.join': z.strictObject({ contactId, intoContactId: contactId }),

  /** A page in order, oldest first: the newest ones, or those before an order key. */
  'messages.page': z.strictObject({
    chatId,
    before: z.nullable(z.string().check(z.maxLength(128))),
    limit: z.int().check(z.minimum(1), z.maximum(LIMITS.pageMessages)),
  }),
  'messages.send-text': z.strictObject({
    chatId,
    text: boundedText(LIMITS.textBytes).check(z.refine((text) => text.trim().length > 0)),
  }),
  'messages.send-file': z.strictObject({
    chatId,
    grant: fileGrant,
    caption: boundedText(LIMITS.captionBytes),
    photo: z.nullable(photo),
  }),
  'messages.info': z.strictObject({ messageId }),
  'messages.retry': z.strictObject({ messageId }),
  /** On this device only. */
  'messages.delete': z.strictObject({ messageId }),
  /** Asks the author to encrypt an unreadable message again. */
  'messages.ask-again': z.strictObject({ messageId }),

  /** Pasted bytes with no path become a grant. */
  'files.stage': z.strictObject({
    name,
    bytes: z.instanceof(Uint8Array).check(z.refine((bytes) => bytes.length <= LIMITS.stagedFileBytes)),
  }),
  'files.download': z.strictObject({ messageId }),
  'files.save': z.strictObject({ messageId, grant: fileGrant }),
  'files.cancel': z.strictObject({ blobId }),

  'relays.add': z.strictObject({ address: z.string().check(z.maxLength(LIMITS.linkChars)) }),
  'relays.remove': z.strictObject({ relayId }),
  'relays.test': z.strictObject({ relayId }),
} as const

export type CommandName = keyof typeof commandInputs
/** As the window writes it: ids are plain branded text. */
export type CommandInput<Name extends CommandName> = z.output<(typeof commandInputs)[Name]>

export type AppState =
  | { readonly phase: 'starting' }
  /** No account in this profile. */
  | { readonly phase: 'new'; readonly keychain: boolean }
  | { readonly phase: 'locked' }
  /** The profile is here, its keychain entry is not. */
  | { readonly phase: 'recovery'; readonly keychain: boolean }
  /** The profile cannot be opened; nothing was changed. */
  | { readonly phase: 'failed'; readonly code: ErrorCode; readonly detail: string }
  | {
      readonly phase: 'ready'
      readonly account: AccountView
      readonly settings: Settings
      readonly network: NetworkView
      readonly keychain: boolean
      readonly passphraseSet: boolean
    }

export interface CommandOutputs {
  'app.state': AppState
  'app.about': AboutView
  'account.create': AppState
  'account.rename': AccountView
  'account.unlock': AppState
  'account.recover': AppState
  'account.set-passphrase': null
  'account.recovery-key': string
  'account.save-recovery-file': null
  'account.restore': AppState
  'settings.set': Settings
  'invites.list': readonly InviteView[]
  'invites.create': InviteView
  'invites.set-label': InviteView
  'invites.revoke': InviteView
  /** The chat with the one who invited. */
  'invites.accept': ChatView
  'chats.list': readonly ChatView[]
  'chats.set-open': null
  'chats.mark-read': null
  'chats.set-draft': null
  'chats.delete': null
  'contacts.get': ContactView
  'contacts.rename': ContactView
  'contacts.set-blocked': ContactView
  'contacts.set-verified': ContactView
  'contacts.verify-code': { readonly outcome: CodeComparison; readonly contact: ContactView }
  'contacts.confirm-key': ContactView
  /** The old chat, with the new account. */
  'contacts.join': ChatView
  'messages.page': { readonly messages: readonly MessageView[]; readonly hasMore: boolean }
  'messages.send-text': MessageView
  'messages.send-file': MessageView
  'messages.info': MessageInfo
  'messages.retry': MessageView
  'messages.delete': null
  'messages.ask-again': null
  'files.stage': { readonly grant: string }
  'files.download': null
  'files.save': null
  'files.cancel': null
  'relays.add': RelayView
  'relays.remove': null
  'relays.test': RelayView
}

export interface EngineEvents {
  'app.changed': AppState
  'chat.changed': ChatView
  'chat.removed': { readonly chatId: ChatId }
  /** New or patched: stores replace by id. */
  'message.changed': MessageView
  'message.removed': { readonly chatId: ChatId; readonly messageId: MessageId }
  'invite.changed': InviteView
  'network.changed': NetworkView
  'settings.changed': Settings
  'transfer.progress': {
    readonly messageId: MessageId
    readonly blobId: BlobId
    readonly doneBytes: number
    readonly totalBytes: number
    readonly path: DeliveryPathOfTransfer
  }
}

export type DeliveryPathOfTransfer = 'direct' | 'relay'
export type EventName = keyof EngineEvents

/** What goes in over the port. Anything else is refused with `bad-request`, or not answered, and changes nothing. */
export interface CommandRequest {
  readonly id: number
  readonly command: string
  readonly input: unknown
}

export type CommandReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly detail: string }

export type EngineEventMessage = {
  readonly [Name in EventName]: { readonly event: Name; readonly payload: EngineEvents[Name] }
}[EventName]

export type EnginePortMessage = CommandReply | EngineEventMessage
