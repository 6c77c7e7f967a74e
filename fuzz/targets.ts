/** Every decoder of bytes from outside, one file each. */

import type { FuzzTarget } from './engine/target.ts'
import { address } from './targets/address.ts'
import { allowance } from './targets/allowance.ts'
import { attachmentSegment } from './targets/attachment-segment.ts'
import { base64url } from './targets/base64url.ts'
import { blobAnswer } from './targets/blob-answer.ts'
import { blobCollected } from './targets/blob-collected.ts'
import { blobRequest } from './targets/blob-request.ts'
import { blobTaken } from './targets/blob-taken.ts'
import { command } from './targets/command.ts'
import { content } from './targets/content.ts'
import { depositsAnswer } from './targets/deposits-answer.ts'
import { deviceAddresses } from './targets/device-addresses.ts'
import { deviceList } from './targets/device-list.ts'
import { deviceListSigned } from './targets/device-list-signed.ts'
import { directFrame } from './targets/direct-frame.ts'
import { directoryItem } from './targets/directory-item.ts'
import { directoryTaken } from './targets/directory-taken.ts'
import { doorChallenge } from './targets/door-challenge.ts'
import { envelope } from './targets/envelope.ts'
import { ephemeralEnvelope } from './targets/ephemeral-envelope.ts'
import { file } from './targets/file.ts'
import { frameSplitter } from './targets/frame-splitter.ts'
import { frontEnds } from './targets/front-ends.ts'
import { groupChange } from './targets/group-change.ts'
import { groupDistribution } from './targets/group-distribution.ts'
import { groupMessage } from './targets/group-message.ts'
import { groupOwnChain } from './targets/group-own-chain.ts'
import { groupReceivedChain } from './targets/group-received-chain.ts'
import { groupRecord } from './targets/group-record.ts'
import { handshakeEnvelope } from './targets/handshake-envelope.ts'
import { handshakeInner } from './targets/handshake-inner.ts'
import { helloAnswer } from './targets/hello-answer.ts'
import { inviteAnswer } from './targets/invite-answer.ts'
import { inviteBundle } from './targets/invite-bundle.ts'
import { inviteItem } from './targets/invite-item.ts'
import { inviteLink } from './targets/invite-link.ts'
import { inviteLinkBody } from './targets/invite-link-body.ts'
import { inviteRequest } from './targets/invite-request.ts'
import { inviteTaken } from './targets/invite-taken.ts'
import { keysFile } from './targets/keys-file.ts'
import { lanAnnouncement } from './targets/lan-announcement.ts'
import { mailboxStream } from './targets/mailbox-stream.ts'
import { mediaType } from './targets/media-type.ts'
import { messageBody } from './targets/message-body.ts'
import { messageEnvelope } from './targets/message-envelope.ts'
import { messageHeader } from './targets/message-header.ts'
import { messageKem } from './targets/message-kem.ts'
import { messageText } from './targets/message-text.ts'
import { prekeyBundle } from './targets/prekey-bundle.ts'
import { prekeyBundleSigned } from './targets/prekey-bundle-signed.ts'
import { profile } from './targets/profile.ts'
import { receipt } from './targets/receipt.ts'
import { recovery } from './targets/recovery.ts'
import { recoveryFile } from './targets/recovery-file.ts'
import { recoveryKey } from './targets/recovery-key.ts'
import { relayAddress } from './targets/relay-address.ts'
import { relayMessage } from './targets/relay-message.ts'
import { relayReceipt } from './targets/relay-receipt.ts'
import { relayRequest } from './targets/relay-request.ts'
import { remaining } from './targets/remaining.ts'
import { resend } from './targets/resend.ts'
import { sessionRecord } from './targets/session-record.ts'
import { safetyCode } from './targets/safety-code.ts'
import { sessionRecordUsed } from './targets/session-record-used.ts'
import { suggestedName } from './targets/suggested-name.ts'
import { text } from './targets/text.ts'
import { turnCredentials } from './targets/turn-credentials.ts'
import { usage } from './targets/usage.ts'
import { windowRequest } from './targets/window-request.ts'
import { windowState } from './targets/window-state.ts'
import { wrappedKey } from './targets/wrapped-key.ts'

export const targets: readonly FuzzTarget[] = [
  address,
  allowance,
  attachmentSegment,
  base64url,
  blobAnswer,
  blobCollected,
  blobRequest,
  blobTaken,
  command,
  content,
  depositsAnswer,
  deviceAddresses,
  deviceList,
  deviceListSigned,
  directFrame,
  directoryItem,
  directoryTaken,
  doorChallenge,
  envelope,
  ephemeralEnvelope,
  file,
  frameSplitter,
  frontEnds,
  groupChange,
  groupDistribution,
  groupMessage,
  groupOwnChain,
  groupReceivedChain,
  groupRecord,
  handshakeEnvelope,
  handshakeInner,
  helloAnswer,
  inviteAnswer,
  inviteBundle,
  inviteItem,
  inviteLink,
  inviteLinkBody,
  inviteRequest,
  inviteTaken,
  keysFile,
  lanAnnouncement,
  mailboxStream,
  mediaType,
  messageBody,
  messageEnvelope,
  messageHeader,
  messageKem,
  messageText,
  prekeyBundle,
  prekeyBundleSigned,
  profile,
  receipt,
  recovery,
  recoveryFile,
  recoveryKey,
  relayAddress,
  relayMessage,
  relayReceipt,
  relayRequest,
  remaining,
  resend,
  sessionRecord,
  safetyCode,
  sessionRecordUsed,
  suggestedName,
  text,
  turnCredentials,
  usage,
  windowRequest,
  windowState,
  wrappedKey,
]
