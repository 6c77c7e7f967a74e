/**
 * Every label of every derivation and signature on this side, in one table; those that a relay needs as well are in
 * `shared/wire/relay-signed.ts`. None of all of them is a prefix of another (labels.test.ts).
 */

export const LABELS = {
  deviceList: 'parley/v1/device-list',
  safetyNumber: 'parley/v1/safety-number',
  prekey: 'parley/v1/prekey',
  handshakeSecret: 'parley/v1/handshake-secret',
  handshakeSeal: 'parley/v1/handshake-seal',
  handshakeAd: 'parley/v1/handshake-ad',
  sessionId: 'parley/v1/session-id',
  root: 'parley/v1/root',
  kemRoot: 'parley/v1/kem-root',
  chainMessage: 'parley/v1/chain-message',
  chainNext: 'parley/v1/chain-next',
  ephemeral: 'parley/v1/ephemeral',
  inviteSlot: 'parley/v1/invite-slot',
  inviteKey: 'parley/v1/invite-key',
  inviteBundle: 'parley/v1/invite-bundle',
  invite: 'parley/v1/invite-signature',
  deliveryToken: 'parley/v1/delivery-token',
  directoryLookup: 'parley/v1/directory-lookup',
  directorySeal: 'parley/v1/directory-seal',
  directoryItem: 'parley/v1/directory-item',
  lanPair: 'parley/v1/lan-pair',
  lanTag: 'parley/v1/lan-tag',
  attachment: 'parley/v1/attachment',
  blobRead: 'parley/v1/blob-read',
  recoveryFile: 'parley/v1/recovery-file',
  recoveryKey: 'parley/v1/recovery-key',
  keyWrap: 'parley/v1/key-wrap',
  groupId: 'parley/v1/group-id',
  groupChange: 'parley/v1/group-change',
  groupEpoch: 'parley/v1/group-epoch',
  groupChain: 'parley/v1/group-chain',
  groupMessageKey: 'parley/v1/group-message-key',
  groupNextKey: 'parley/v1/group-next-key',
  groupSignature: 'parley/v1/group-signature',
} as const

export type Label = keyof typeof LABELS

const encoder = new TextEncoder()
const encoded = new Map<Label, Uint8Array>()

export function labelBytes(label: Label): Uint8Array {
  const known = encoded.get(label)
  if (known !== undefined) return known
  const bytes = encoder.encode(LABELS[label])
  encoded.set(label, bytes)
  return bytes
}
