/**
 * The profile folder: which lock is on the store's key, and the files beside the store.
 * Layout and formats: docs/protocol/store.md.
 */

import type { BlobId } from '../../../shared/model/ids.ts'
import type { Store } from './store.ts'

export type ProfileState =
  /** Nothing here yet. */
  | { readonly kind: 'empty' }
  /** A passphrase is set. */
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'keychain' }

export interface Profile {
  /** @throws profile-open when another process has it; store-newer; store-damaged */
  state(): Promise<ProfileState>
  /**
   * Makes the store with a fresh key, sealed in the keychain or under the passphrase, and wrapped under the recovery key.
   * @throws account-exists | passphrase-needed | disk-full
   */
  create(lock: { readonly passphrase: string | null; readonly recoveryKey: Uint8Array }): Promise<Store>
  /** Opens with the keychain. @throws recovery-needed | store-newer | store-damaged | disk-full */
  openWithKeychain(): Promise<Store>
  /** @throws passphrase-wrong | … */
  openWithPassphrase(passphrase: string): Promise<Store>
  /** Opens with the recovery key and locks the key anew. @throws recovery-wrong | … */
  openWithRecoveryKey(recoveryKey: Uint8Array, passphrase: string | null): Promise<Store>
  /** Changes the lock of an open store: a passphrase, or (null) the keychain. @throws passphrase-wrong | passphrase-needed */
  setPassphrase(current: string | null, next: string | null): Promise<void>
  readonly passphraseSet: boolean
  /** Ciphertext files of attachments. */
  readonly blobs: BlobFiles
  close(): Promise<void>
}

/** Ciphertext on disk, one file a blob; a part that is still arriving has its own name until it is whole. */
export interface BlobFiles {
  /** Appends at `offset`; what lay behind it is cut off. @throws disk-full */
  openPart(blobId: BlobId, offset: number): Promise<BlobPart>
  partSize(blobId: BlobId): Promise<number>
  /** @throws file-gone */
  read(blobId: BlobId, start: number, end: number): Promise<Uint8Array>
  /** Of a part that is still arriving. */
  readPart(blobId: BlobId, start: number, end: number): Promise<Uint8Array>
  size(blobId: BlobId): Promise<number | null>
  delete(blobId: BlobId): Promise<void>
}

export interface BlobPart {
  append(bytes: Uint8Array): Promise<void>
  /** Flushed to disk and given its final name. */
  finish(): Promise<void>
  /** Keeps the part for later; nothing after `finish`. */
  close(): Promise<void>
}
