/** What a feature brings to the core, and what the core lends it. The core runs the list in features.ts and names none. */

import type { ChangeFeed } from '../services/change-feed.ts'
import type { ChatLog } from '../services/chat-log.ts'
import type { Chats } from '../services/chats.ts'
import type { Core } from '../services/core.ts'
import type { ContentHandler } from '../services/incoming.ts'
import type { Outgoing } from '../services/outgoing.ts'
import type { Paths } from '../services/paths.ts'
import type { Receipts } from '../services/receipts.ts'
import type { Views } from '../services/views.ts'
import type { AttachmentCipher } from '../ports/attachment-cipher.ts'
import type { BlobFiles } from '../ports/store/profile.ts'
import type { FileGrants } from '../ports/runtime.ts'
import type { RelayPort } from '../ports/relay.ts'
import type { BlobUploads } from '../services/relay-deposits.ts'
import type { CommandInput, CommandName, CommandOutputs } from '../../shared/ipc/engine-contract.ts'
import type { BlobId, ContactId, MessageId } from '../../shared/model/ids.ts'
import type { BlobDownload } from '../ports/relay.ts'

export interface FeatureParts {
  readonly core: Core
  readonly feed: ChangeFeed
  readonly views: Views
  readonly log: ChatLog
  readonly chats: Chats
  readonly outgoing: Outgoing
  readonly receipts: Receipts
  readonly paths: Paths
  readonly relays: RelayPort
  readonly blobs: BlobFiles
  readonly cipher: AttachmentCipher
  readonly grants: FileGrants
  /** A message of somebody else entered its chat. */
  readonly onMessage: (messageId: MessageId) => void
}

export type Commands = {
  readonly [Name in CommandName]?: (input: CommandInput<Name>) => Promise<CommandOutputs[Name]> | CommandOutputs[Name]
}

/** What serves attachments to others; at most one feature brings it. */
export interface BlobService extends BlobUploads {
  open(blobId: BlobId, readCapability: Uint8Array, offset: number): Promise<BlobDownload | null>
  /** Decrypted bytes for the window. @throws not-found | file-gone | file-damaged */
  readMedia(
    messageId: MessageId,
    start: number,
    end: number | null,
  ): Promise<{ readonly bytes: Uint8Array; readonly totalBytes: number; readonly mediaType: string }>
  delete(blobIds: readonly BlobId[]): void
}

export interface Feature {
  readonly name: string
  readonly handlers: ReadonlyMap<number, ContentHandler>
  readonly commands: Commands
  readonly blobs?: BlobService
  start?(): void
  /** A path to a contact came up: what waited for it may go on. */
  onPath?(contactId: ContactId): void
  stop?(): void
}
