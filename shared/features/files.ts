/**
 * Photos and files: content type 2, and 20 ("collected": the reader has verified the bytes on its disk).
 *
 * Body of type 2: blob id 16 ‖ key 32 ‖ SHA-256 of the ciphertext 32 ‖ u48 plaintext size ‖ u16-text name
 * (≤ 255 bytes) ‖ u8-text media type ‖ u16-text caption (≤ 4,096) ‖ u8 photo (0 | 1) [‖ u16 width ‖ u16 height ‖ u8-text blurhash].
 * Body of type 20: blob id 16.
 */

import type { BlobId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from '../wire/bytes.ts'
import { ParleyError } from '../errors.ts'

export const MAX_FILE_BYTES = 100 * 1_000_000
const MAX_NAME_BYTES = 255
const MAX_CAPTION_BYTES = 4_096
const MAX_BLURHASH_BYTES = 100

export interface PhotoShape {
  readonly width: number
  readonly height: number
  readonly blurhash: string
}

export interface FileContent {
  readonly blobId: BlobId
  readonly key: Uint8Array
  readonly sha256: Uint8Array
  readonly sizeBytes: number
  readonly name: string
  readonly mediaType: string
  readonly caption: string
  readonly photo: PhotoShape | null
}

export function encodeFile(file: FileContent): Uint8Array {
  const writer = new ByteWriter(512)
    .fixed(idToBytes(file.blobId), 16)
    .fixed(file.key, 32)
    .fixed(file.sha256, 32)
    .u48(file.sizeBytes)
    .text16(file.name)
    .text8(file.mediaType)
    .text16(file.caption)
  if (file.photo === null) return writer.u8(0).finish()
  return writer.u8(1).u16(file.photo.width).u16(file.photo.height).text8(file.photo.blurhash).finish()
}

/** @throws malformed; the name comes back with nothing in it that could leave a folder */
export function decodeFile(body: Uint8Array): FileContent {
  const reader = new ByteReader(body)
  const file = {
    blobId: idFromBytes<BlobId>(reader.fixed(16)),
    key: reader.fixed(32),
    sha256: reader.fixed(32),
    sizeBytes: reader.u48(),
    name: safeFileName(reader.text16(MAX_NAME_BYTES)),
    mediaType: safeMediaType(reader.text8()),
    caption: reader.text16(MAX_CAPTION_BYTES),
    photo: readPhoto(reader),
  }
  reader.end()
  if (file.sizeBytes === 0 || file.sizeBytes > MAX_FILE_BYTES) throw new ParleyError('malformed', 'file size')
  return file
}

function readPhoto(reader: ByteReader): PhotoShape | null {
  const present = reader.u8()
  if (present === 0) return null
  if (present !== 1) throw new ParleyError('malformed', 'photo flag')
  const photo = { width: reader.u16(), height: reader.u16(), blurhash: reader.text8(MAX_BLURHASH_BYTES) }
  if (photo.width === 0 || photo.height === 0) throw new ParleyError('malformed', 'photo size')
  return photo
}

/** Keeps the last path part, drops control and reordering characters, dots and blanks at both ends, never empty. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const shown = last.replace(/[\p{Cc}\p{Cf}<>:"|?*]/gu, '').replace(/^[.\s]+/, '')
  // whatever the cut lays bare at the end goes too
  const clean = truncateUtf8(shown, MAX_NAME_BYTES).replace(/[.\s]+$/, '')
  return clean === '' ? 'file' : clean
}

function truncateUtf8(text: string, maxBytes: number): string {
  const encoder = new TextEncoder()
  let kept = ''
  let used = 0
  for (const char of text) {
    used += encoder.encode(char).length
    if (used > maxBytes) return kept
    kept += char
  }
  return kept
}

function safeMediaType(mediaType: string): string {
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(mediaType)
    ? mediaType
    : 'application/octet-stream'
}

export function encodeBlobCollected(blobId: BlobId): Uint8Array {
  return idToBytes(blobId)
}

/** @throws malformed */
export function decodeBlobCollected(body: Uint8Array): BlobId {
  const reader = new ByteReader(body)
  const blobId = idFromBytes<BlobId>(reader.fixed(16))
  reader.end()
  return blobId
}
