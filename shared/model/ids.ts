/**
 * Branded ids. Inside the engine and in the window an id is the base64url text of its bytes:
 * it is a map key, a primary key and a log-free value in one. Codecs convert at the edge.
 */

import { fromBase64Url, toBase64Url } from '../wire/bytes.ts'

type Brand<Name extends string> = string & { readonly __brand: Name }

/** The account's Ed25519 public key, 32 bytes. */
export type AccountId = Brand<'AccountId'>
/** First 16 bytes of SHA-256 of the device's Ed25519 signing key. */
export type DeviceId = Brand<'DeviceId'>
/** First 16 bytes of SHA-256 of the sealed bytes, computed by whoever holds them. */
export type EnvelopeId = Brand<'EnvelopeId'>
/** 16 random bytes inside the sealed content. */
export type MessageId = Brand<'MessageId'>
/** One-to-one: the contact's id. 16 random bytes, local to this profile. */
export type ChatId = Brand<'ChatId'>
/** 16 random bytes, local to this profile: a contact stays the same row through a change of account. */
export type ContactId = Brand<'ContactId'>
/** The relay's Ed25519 signing key, 32 bytes. A relay is this key. */
export type RelayId = Brand<'RelayId'>
/** SHA-256 of a mailbox's Ed25519 public key, 32 bytes. */
export type MailboxId = Brand<'MailboxId'>
/** 16 random bytes: names an attachment's ciphertext on disk and at relays. */
export type BlobId = Brand<'BlobId'>
/** 16 random bytes, local to this profile. */
export type InviteId = Brand<'InviteId'>

type AnyId =
  AccountId | DeviceId | EnvelopeId | MessageId | ChatId | ContactId | RelayId | MailboxId | BlobId | InviteId

/** Names bytes as an id. The caller states which by the type it asks for. */
export function idFromBytes<T extends AnyId>(bytes: Uint8Array): T {
  return toBase64Url(bytes) as T
}

export function idToBytes(id: AnyId): Uint8Array {
  return fromBase64Url(id)
}
