/** Files to ciphertext on disk and back (docs/protocol/attachment.md), away from the engine's own work where that can be. */

import type { BlobId } from '../../shared/model/ids.ts'

/** At most this much plaintext is opened for one request. */
export const MAX_RANGE_BYTES = 8 << 20

export type AttachmentSource =
  { readonly kind: 'path'; readonly path: string } | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

export interface Encryption {
  readonly blobId: BlobId
  /** 32 fresh bytes: the same key must never seal other bytes. */
  readonly key: Uint8Array
  /** Bytes are given away: whoever hands them over reads them no more. */
  readonly source: AttachmentSource
  readonly maxSizeBytes: number
  readonly signal?: AbortSignal
  /** Of the plaintext. */
  readonly onProgress?: (doneBytes: number) => void
}

export interface EncryptedAttachment {
  readonly sizeBytes: number
  readonly ciphertextBytes: number
  /** Of the ciphertext. */
  readonly sha256: Uint8Array
}

/** An attachment whose ciphertext lies here whole. */
export interface StoredAttachment {
  readonly blobId: BlobId
  readonly key: Uint8Array
  /** Of the plaintext. */
  readonly sizeBytes: number
}

export interface Saving extends StoredAttachment {
  readonly path: string
  readonly signal?: AbortSignal
  readonly onProgress?: (doneBytes: number) => void
}

export interface PlaintextRange extends StoredAttachment {
  readonly start: number
  /** Without it; null: to the end. */
  readonly end: number | null
}

export interface AttachmentCipher {
  /**
   * One pass in constant memory; the ciphertext is on disk, under its id, when this resolves.
   * @throws file-empty | file-too-large | file-gone | file-unreadable | disk-full | cancelled: nothing is left behind
   */
  encrypt(encryption: Encryption): Promise<EncryptedAttachment>
  /**
   * The plaintext in a file of its own, whole and flushed when this resolves; until then `path` is as it was.
   * @throws file-gone | file-damaged | file-unreadable | disk-full | cancelled: nothing is left behind
   */
  save(saving: Saving): Promise<void>
  /**
   * Cut to what there is and to 8 MiB; only the segments that hold it are read and opened.
   * @throws file-gone | file-damaged | cancelled
   */
  read(range: PlaintextRange): Promise<Uint8Array>
  /** What is under way ends with `cancelled`, and so does all that is asked for later. */
  stop(): Promise<void>
}
