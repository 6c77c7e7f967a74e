/** Direct delivery between two devices (docs/protocol/direct.md). */

import type { BlobId } from '../../shared/model/ids.ts'
import type { DirectTransport } from '../../shared/model/chat.ts'
import type { BlobDownload } from './relay.ts'

/** One authenticated stream to one device. Closed links never come back; a new one is made. */
export interface DirectLink {
  /** The device's libp2p Ed25519 public key, 32 bytes, proven by noise or the transport. */
  readonly peerKey: Uint8Array
  readonly transport: DirectTransport
  readonly closed: boolean
  /**
   * Resolves when the other side answered that the envelope is on its disk.
   * @throws unreachable when the link closed before; timeout; relay-refused never
   */
  send(envelope: Uint8Array): Promise<'committed' | 'refused'>
  /** Not answered, not stored: typing and the like. */
  sendEphemeral(envelope: Uint8Array): void
  getBlob(
    request: { readonly blobId: BlobId; readonly readCapability: Uint8Array; readonly offset: number },
    signal: AbortSignal,
  ): Promise<BlobDownload | null>
  close(): Promise<void>
}

export interface DirectHandlers {
  /** Asked by the connection gater before anything is spent on a peer. */
  isAllowed(peerKey: Uint8Array): boolean
  /** True while an invite that names this device's own addresses is open: strangers may then take it. */
  acceptsStrangers(): boolean
  onLink(link: DirectLink): void
  onLinkClosed(link: DirectLink): void
  /** Resolves after the commit; the answer goes to the sender. */
  onEnvelope(link: DirectLink, envelope: Uint8Array): Promise<'committed' | 'refused'>
  onEphemeral(link: DirectLink, envelope: Uint8Array): void
  /** Ciphertext of an attachment for a reader that shows its capability; null: no such blob for it. */
  openBlob(blobId: BlobId, readCapability: Uint8Array, offset: number): Promise<BlobDownload | null>
  /** The sealed bundle of an invite, taken directly. */
  takeInvite(slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteAnswer>
  /** The addresses under which this device can be reached have changed. */
  onAddressesChanged(addresses: readonly string[]): void
}

export type InviteAnswer =
  { readonly kind: 'item'; readonly item: Uint8Array } | { readonly kind: 'used' | 'expired' | 'unknown' }

export interface DirectSettings {
  /** No direct dial, no hole punching, no LAN announcement, no listener. */
  readonly hideAddress: boolean
  readonly findOnLan: boolean
  /** Transports to use; tests narrow it to prove each one. */
  readonly transports: readonly DirectTransport[]
  /** Multiaddrs to listen on; default: every interface, any port. */
  readonly listen: readonly string[]
}

export interface DirectPort {
  start(peerSecretKey: Uint8Array, settings: DirectSettings, handlers: DirectHandlers): Promise<void>
  configure(settings: DirectSettings): Promise<void>
  /**
   * Multiaddrs without its own PeerId under which this device may be reachable, likely ones first; those through circuits
   * keep the relay's (`/ip4/…/tcp/…/p2p/<relay>/p2p-circuit`), without which nobody could use them.
   */
  addresses(): readonly string[]
  /**
   * Dials the device over all likely paths at once and keeps the best; an open link is returned at once.
   * @throws unreachable | timeout
   */
  connect(peerKey: Uint8Array, addresses: readonly string[], signal: AbortSignal): Promise<DirectLink>
  /** Relays whose circuits may be used to be reached and to reach; each is reserved at. */
  useCircuits(relays: readonly { readonly addresses: readonly string[] }[]): Promise<void>
  /** Takes an invite at a device of which only addresses are known. @throws unreachable | timeout */
  takeInvite(addresses: readonly string[], slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteAnswer>
  /**
   * LAN announcement: for each contact the 32-byte secret from which the tag of the day is made,
   * and the peer keys to dial when a tag is seen.
   */
  setLanContacts(contacts: readonly { readonly secret: Uint8Array; readonly peerKeys: readonly Uint8Array[] }[]): void
  stop(): Promise<void>
}
