/**
 * How two accounts reach each other: what each derives from the secrets in the other's profile
 * (docs/protocol/content.md, "Profile"), and this account's own profile for one contact.
 */

import { deriveKey } from '../crypto/index.ts'
import type { Crypto } from '../crypto/index.ts'
import { decodeProfile, encodeProfile } from '../../shared/wire/profile.ts'
import type { Profile, ProfileRelay } from '../../shared/wire/profile.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import type { DeviceId, MailboxId, RelayId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import type { Store } from '../ports/store/store.ts'
import type { ContactRecord, OwnRelayRecord } from '../ports/store/records.ts'
import type { RelayContactPoint } from '../ports/relay.ts'
import { MAX_OWN_RELAYS } from '../domain/delivery-limits.ts'
import { ownAccount } from './core.ts'

const KEY_BYTES = 32

/** One mailbox of a contact's device: where its envelopes are deposited. */
export interface Mailbox extends RelayContactPoint {
  readonly mailboxId: MailboxId
  readonly token: Uint8Array
}

/** The token that opens one mailbox at one relay for one contact. */
export function deliveryToken(
  crypto: Crypto,
  deliverySecret: Uint8Array,
  relayId: RelayId,
  mailboxId: MailboxId,
): Uint8Array {
  const place = concatBytes(idToBytes(relayId), idToBytes(mailboxId))
  return deriveKey(crypto, deliverySecret, 'deliveryToken', place, KEY_BYTES)
}

export function mailboxIdOf(crypto: Crypto, mailboxPublic: Uint8Array): MailboxId {
  return idFromBytes<MailboxId>(crypto.backend.sha256(mailboxPublic))
}

/** Where a device's prekeys lie in a relay's directory, and the key that seals them. */
export function directoryPlace(
  crypto: Crypto,
  directoryKey: Uint8Array,
  relayId: RelayId,
  deviceId: DeviceId,
): { readonly lookupId: Uint8Array; readonly sealKey: Uint8Array } {
  const place = concatBytes(idToBytes(relayId), idToBytes(deviceId))
  return {
    lookupId: deriveKey(crypto, directoryKey, 'directoryLookup', place, KEY_BYTES),
    sealKey: deriveKey(crypto, directoryKey, 'directorySeal', place, KEY_BYTES),
  }
}

/** The same on both sides: made of what each gave the other. */
export function lanSecret(crypto: Crypto, given: Uint8Array, received: Uint8Array): Uint8Array {
  const ordered = compareBytes(given, received) < 0 ? [given, received] : [received, given]
  return deriveKey(crypto, concatBytes(...ordered), 'lanPair', new Uint8Array(), KEY_BYTES)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** What one reader of a blob shows to get it: derived from the attachment's key and the reader's device. */
export function readCapability(crypto: Crypto, attachmentKey: Uint8Array, deviceId: DeviceId): Uint8Array {
  return deriveKey(crypto, attachmentKey, 'blobRead', idToBytes(deviceId), KEY_BYTES)
}

export interface ProfileRequest {
  /** What the receiver's tokens are derived from. */
  readonly deliverySecret: Uint8Array
  readonly wantsAnswer: boolean
  readonly inviteSlotId: Uint8Array | null
  readonly addresses: readonly string[]
}

export function ownProfile(crypto: Crypto, store: Store, deviceId: DeviceId, request: ProfileRequest): Uint8Array {
  const account = ownAccount(store)
  return encodeProfile({
    version: account.profileVersion,
    name: account.name,
    deviceList: account.deviceListBytes,
    relays: offeredRelays(store).map((relay) => profileRelay(crypto, relay, deviceId)),
    deliverySecret: request.deliverySecret,
    directoryKey: account.directoryKey,
    addresses: request.addresses.slice(0, 16),
    wantsAnswer: request.wantsAnswer,
    inviteSlotId: request.inviteSlotId,
  })
}

export function offeredRelays(store: Store): readonly OwnRelayRecord[] {
  return store.relays
    .list()
    .filter((relay) => relay.state === 'active')
    .slice(0, MAX_OWN_RELAYS)
}

function profileRelay(crypto: Crypto, relay: OwnRelayRecord, deviceId: DeviceId): ProfileRelay {
  return {
    relayId: relay.relayId,
    addresses: relay.addresses.slice(0, 8),
    mailboxes: [{ deviceId, mailboxId: mailboxIdOf(crypto, relay.mailboxPublic) }],
  }
}

export function profileOf(contact: ContactRecord): Profile {
  return decodeProfile(contact.profileBytes)
}

/** The mailboxes of one device of a contact. */
export function mailboxesOf(crypto: Crypto, profile: Profile, deviceId: DeviceId): readonly Mailbox[] {
  return profile.relays.flatMap((relay) =>
    relay.mailboxes
      .filter((mailbox) => mailbox.deviceId === deviceId)
      .map(({ mailboxId }) => ({
        relayId: relay.relayId,
        addresses: relay.addresses,
        mailboxId,
        token: deliveryToken(crypto, profile.deliverySecret, relay.relayId, mailboxId),
      })),
  )
}
