/**
 * `/parley/blob/1`: one request a stream, framed. Devices answer `get`, relays all three. After the answer to `get` the
 * ciphertext follows unframed until the stream closes; after the answer to `put` it is sent in frames. Who takes it says how
 * far it is, and who sends stays within a window of that. docs/protocol/relay.md, "Blobs".
 */

import { ParleyError } from '../errors.ts'
import type { BlobId, MailboxId } from '../model/ids.ts'
import { idFromBytes, idToBytes } from '../model/ids.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { FramedStream } from './framed-stream.ts'
import { readRefusal, writeRefusal } from './relay-codes.ts'
import type { Refusal } from './relay-codes.ts'

export const BLOB_PROTOCOL = '/parley/blob/1'
/** Ciphertext travels in pieces of at most this size. */
export const BLOB_CHUNK_BYTES = 65_536
/**
 * Bytes that may be on the way. QUIC and WebRTC streams cannot be paused by who reads them: what a slow disk does not take
 * would pile up in memory.
 */
export const BLOB_WINDOW_BYTES = 2 * 1024 * 1024
/** Who takes says how far it is each time it has taken this much. */
export const BLOB_TAKEN_EVERY_BYTES = 512 * 1024
const VERSION = 1

export type BlobRequest =
  | {
      readonly op: 'get'
      readonly blobId: BlobId
      readonly readCapability: Uint8Array
      readonly offset: number
    }
  | {
      readonly op: 'put'
      readonly blobId: BlobId
      readonly mailboxId: MailboxId
      readonly token: Uint8Array
      readonly sizeBytes: number
      readonly sha256: Uint8Array
      /** SHA-256 of the read capability. */
      readonly capabilityHash: Uint8Array
      readonly ttlSeconds: number
    }
  | { readonly op: 'done'; readonly blobId: BlobId; readonly readCapability: Uint8Array }

export function encodeBlobRequest(request: BlobRequest): Uint8Array {
  const writer = new ByteWriter(256).u8(VERSION)
  switch (request.op) {
    case 'get':
      return writer
        .u8(1)
        .fixed(idToBytes(request.blobId), 16)
        .fixed(request.readCapability, 32)
        .u48(request.offset)
        .finish()
    case 'put':
      return writer
        .u8(2)
        .fixed(idToBytes(request.blobId), 16)
        .fixed(idToBytes(request.mailboxId), 32)
        .fixed(request.token, 32)
        .u48(request.sizeBytes)
        .fixed(request.sha256, 32)
        .fixed(request.capabilityHash, 32)
        .u32(request.ttlSeconds)
        .finish()
    case 'done':
      return writer.u8(3).fixed(idToBytes(request.blobId), 16).fixed(request.readCapability, 32).finish()
  }
}

/** @throws malformed | unsupported-version */
export function decodeBlobRequest(frame: Uint8Array): BlobRequest {
  const reader = new ByteReader(frame)
  if (reader.u8() !== VERSION) throw new ParleyError('unsupported-version', 'blob request')
  const op = reader.u8()
  const blobId = idFromBytes<BlobId>(reader.fixed(16))
  const request = readRequest(op, blobId, reader)
  reader.end()
  return request
}

function readRequest(op: number, blobId: BlobId, reader: ByteReader): BlobRequest {
  switch (op) {
    case 1:
      return { op: 'get', blobId, readCapability: reader.fixed(32), offset: reader.u48() }
    case 2:
      return {
        op: 'put',
        blobId,
        mailboxId: idFromBytes<MailboxId>(reader.fixed(32)),
        token: reader.fixed(32),
        sizeBytes: reader.u48(),
        sha256: reader.fixed(32),
        capabilityHash: reader.fixed(32),
        ttlSeconds: reader.u32(),
      }
    case 3:
      return { op: 'done', blobId, readCapability: reader.fixed(32) }
    default:
      throw new ParleyError('malformed', 'unknown blob request')
  }
}

/**
 * u8 status ‖ …: 0 go on from (u48 total size, u48 offset) · 1 not here · 2 held (u48 stored, u48 expires, signature 64) ·
 * 3 refused (u8 code, u32 seconds) · 4 done.
 */
export type BlobAnswer =
  | { readonly status: 'from'; readonly totalBytes: number; readonly offset: number }
  | { readonly status: 'absent' }
  | {
      readonly status: 'held'
      readonly storedAtMs: number
      readonly expiresAtMs: number
      readonly signature: Uint8Array
    }
  | ({ readonly status: 'refused' } & Refusal)
  | { readonly status: 'done' }

export function encodeBlobAnswer(answer: BlobAnswer): Uint8Array {
  const writer = new ByteWriter(96)
  switch (answer.status) {
    case 'from':
      return writer.u8(0).u48(answer.totalBytes).u48(answer.offset).finish()
    case 'absent':
      return writer.u8(1).finish()
    case 'held':
      return writer.u8(2).u48(answer.storedAtMs).u48(answer.expiresAtMs).fixed(answer.signature, 64).finish()
    case 'refused':
      return writeRefusal(writer.u8(3), answer).finish()
    case 'done':
      return writer.u8(4).finish()
  }
}

/** @throws malformed */
export function decodeBlobAnswer(frame: Uint8Array): BlobAnswer {
  const reader = new ByteReader(frame)
  const answer = readAnswer(reader)
  reader.end()
  return answer
}

function readAnswer(reader: ByteReader): BlobAnswer {
  switch (reader.u8()) {
    case 0:
      return { status: 'from', totalBytes: reader.u48(), offset: reader.u48() }
    case 1:
      return { status: 'absent' }
    case 2:
      return { status: 'held', storedAtMs: reader.u48(), expiresAtMs: reader.u48(), signature: reader.fixed(64) }
    case 3:
      return { status: 'refused', ...readRefusal(reader) }
    case 4:
      return { status: 'done' }
    default:
      throw new ParleyError('malformed', 'unknown blob answer')
  }
}

/** How far the reader of a `get` is, in bytes from the start of the blob: u48. */
export function encodeBlobTaken(takenBytes: number): Uint8Array {
  return new ByteWriter(16).u48(takenBytes).finish()
}

/** @throws malformed */
export function decodeBlobTaken(body: Uint8Array): number {
  const reader = new ByteReader(body)
  const takenBytes = reader.u48()
  reader.end()
  return takenBytes
}

/**
 * Sends what a `get` asked for, unframed, never more than a window ahead of what the reader has taken.
 * @throws unreachable: the reader left | malformed | file-damaged: the chunks are not as many bytes as announced
 */
export async function sendWithinWindow(
  framed: FramedStream,
  chunks: AsyncIterable<Uint8Array>,
  { offset, totalBytes }: { readonly offset: number; readonly totalBytes: number },
): Promise<void> {
  let sentBytes = offset
  let takenBytes = offset
  for await (const chunk of chunks) {
    while (sentBytes + chunk.length > takenBytes + BLOB_WINDOW_BYTES) {
      const next = await framed.nextFrame()
      if (next === null) throw new ParleyError('unreachable', 'the reader left')
      const taken = decodeBlobTaken(next)
      if (taken < takenBytes || taken > sentBytes) throw new ParleyError('malformed', 'taken')
      takenBytes = taken
    }
    await framed.writeRaw(chunk)
    sentBytes += chunk.length
  }
  if (sentBytes !== totalBytes) throw new ParleyError('file-damaged', 'the blob ended early')
}
