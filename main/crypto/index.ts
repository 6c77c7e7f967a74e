/** Sessions between devices, identities, attachments: the only cryptography of Parley. docs/protocol/session.md. */

export { createCrypto, deriveKey, generateSigningKey, publicKeyOf, sign, verify } from './crypto.ts'
export type { Crypto, RandomSource } from './crypto.ts'
export type { Backend } from './backend/backend.ts'
export { selectBackend } from './backend/select-backend.ts'
export {
  deviceIdOf,
  generateAccount,
  generateDevice,
  openDeviceList,
  safetyNumber,
  signDeviceList,
} from './identity.ts'
export type { AccountKeys, DeviceEntry, DeviceKeys, DeviceList, LocalParty, RemoteParty } from './identity.ts'
export {
  decodePrekeyBundle,
  encodePrekeyBundle,
  generatePrekeys,
  openDirectoryItem,
  sealDirectoryItem,
  verifyPrekeyBundle,
} from './prekeys.ts'
export type { PrekeyBundle, PrekeySecret } from './prekeys.ts'
export { handshakeSessionId, openHandshake, startSession } from './handshake.ts'
export type { PrekeyLookup } from './handshake.ts'
export { decryptMessage, encryptMessage, MAX_UNANSWERED_MESSAGES, unansweredMessages } from './double-ratchet.ts'
export type { SkippedKey, SkippedKeyLookup, SkippedKeyRef } from './double-ratchet.ts'
export { openEphemeral, sealEphemeral } from './ephemeral.ts'
export { decodeSession, encodeSession } from './session-state.ts'
export type { SessionState } from './session-state.ts'
export { envelopeKind } from '../../shared/wire/envelope.ts'
export { envelopeId } from './envelope.ts'
export {
  ATTACHMENT_SEGMENT_BYTES,
  attachmentCiphertextBytes,
  attachmentDecryptor,
  attachmentEncryptor,
  segmentRange,
} from './attachment.ts'
export { inviteKeys, openInviteBundle, sealInviteBundle } from './invite.ts'
export {
  decodeRecoveryKey,
  encodeRecoveryKey,
  generateRecoveryKey,
  openRecovery,
  sealRecovery,
  unwrapKey,
  wrapKey,
} from './recovery.ts'
export { decodeChange, signChange, signCreation } from './group/change.ts'
export type { ChangeAuthor, ChangeHash, GroupChange, GroupOperation, SignerLookup } from './group/change.ts'
export { emptyHistory, restoreHistory, takeChanges } from './group/epochs.ts'
export type { ChangeOutcome, GroupHistory } from './group/epochs.ts'
export type { Membership } from './group/membership.ts'
export { decodeReceiverChain, decodeSenderChain, encodeReceiverChain, encodeSenderChain } from './group/sender-chain.ts'
export type { ReceiverChain, SenderChain } from './group/sender-chain.ts'
export {
  checkGroupMessage,
  createSenderChain,
  decodeDistribution,
  decryptGroupMessage,
  distributionOf,
  encodeDistribution,
  encryptGroupMessage,
  openGroupHeader,
  receiverChain,
} from './group/sender-key.ts'
export {
  changeGroup,
  createGroup,
  joinGroup,
  oweAgain,
  receiveDistribution,
  receiveGroupMessage,
  restoreGroup,
  sendToGroup,
  takeGroupChanges,
} from './group/group-session.ts'
export type { DeviceLookup, Group, GroupDevice, GroupReceived, GroupSent } from './group/group-session.ts'
export { decodeGroupRecord, encodeGroupRecord } from './group/group-record.ts'
