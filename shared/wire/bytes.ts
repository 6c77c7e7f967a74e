/**
 * The two primitives that every wire and storage format of Parley is written with.
 *
 * All integers are unsigned and big-endian. A variable field is preceded by its length, whose
 * width (`u8`, `u16`, `u32`) the format's byte table in `docs/protocol` states together with its cap.
 */

import { ParleyError } from '../errors.ts'

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The largest integer that a `u48` field can hold: enough for milliseconds until the year 10889. */
const MAX_U48 = 2 ** 48 - 1

/** Every decoder of untrusted bytes fails with exactly this: code `malformed`, and where it stopped. */
function malformed(what: string): ParleyError {
  return new ParleyError('malformed', what)
}

/** Appends fields to a growing buffer; `finish` returns the bytes, and ends it. */
export class ByteWriter {
  #buffer: Uint8Array
  #length = 0

  /** @param sizeHint expected size in bytes; the buffer grows when it is exceeded, and is not copied when it is met. */
  constructor(sizeHint = 256) {
    this.#buffer = new Uint8Array(sizeHint)
  }

  #reserve(count: number): number {
    const start = this.#length
    const end = start + count
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, this.#buffer.length * 2, 16))
      grown.set(this.#buffer.subarray(0, start))
      this.#buffer = grown
    }
    this.#length = end
    return start
  }

  u8(value: number): this {
    assertInteger(value, 0xff)
    const at = this.#reserve(1)
    this.#buffer[at] = value
    return this
  }

  u16(value: number): this {
    assertInteger(value, 0xffff)
    const at = this.#reserve(2)
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
    return this
  }

  u32(value: number): this {
    assertInteger(value, 0xffffffff)
    const at = this.#reserve(4)
    this.#buffer[at] = value >>> 24
    this.#buffer[at + 1] = value >>> 16
    this.#buffer[at + 2] = value >>> 8
    this.#buffer[at + 3] = value
    return this
  }

  /** Six bytes: times in milliseconds since the epoch, sizes of files. */
  u48(value: number): this {
    assertInteger(value, MAX_U48)
    return this.u16(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32)
  }

  /** Bytes as they are, with no length before them: for fields of fixed size. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** A fixed field whose size is checked, so that a wrong key length fails where it was made. */
  fixed(bytes: Uint8Array, sizeBytes: number): this {
    if (bytes.length !== sizeBytes) throw new RangeError(`a field of ${sizeBytes} bytes was given ${bytes.length}`)
    return this.raw(bytes)
  }

  bytes8(bytes: Uint8Array): this {
    return this.u8(bytes.length).raw(bytes)
  }

  bytes16(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes)
  }

  bytes32(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  /** UTF-8 text behind a u8 length in bytes. */
  text8(text: string): this {
    return this.bytes8(utf8Encoder.encode(text))
  }

  /** UTF-8 text behind a u16 length in bytes. */
  text16(text: string): this {
    return this.bytes16(utf8Encoder.encode(text))
  }

  /** UTF-8 text behind a u32 length in bytes. */
  text32(text: string): this {
    return this.bytes32(utf8Encoder.encode(text))
  }

  finish(): Uint8Array {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#length)
  }
}

function assertInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${value} is not an integer from 0 to ${max}`)
  }
}

/**
 * Reads fields off untrusted bytes. Each read either returns a whole field or throws
 * `ParleyError('malformed')`; nothing is ever read past the end, and no length is trusted
 * before it is held against its cap and against what is left.
 */
export class ByteReader {
  readonly #buffer: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    // A Buffer's `slice` shares memory where a Uint8Array's copies.
    this.#buffer = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset
  }

  #take(count: number): number {
    if (count > this.remaining) throw malformed('ends inside a field')
    const start = this.#offset
    this.#offset += count
    return start
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  u48(): number {
    const at = this.#take(6)
    return this.#view.getUint16(at) * 2 ** 32 + this.#view.getUint32(at + 2)
  }

  /** A fixed field, copied. */
  fixed(sizeBytes: number): Uint8Array {
    const at = this.#take(sizeBytes)
    return this.#buffer.slice(at, at + sizeBytes)
  }

  bytes8(maxBytes = 0xff): Uint8Array {
    return this.#capped(this.u8(), maxBytes)
  }

  bytes16(maxBytes = 0xffff): Uint8Array {
    return this.#capped(this.u16(), maxBytes)
  }

  bytes32(maxBytes: number): Uint8Array {
    return this.#capped(this.u32(), maxBytes)
  }

  #capped(length: number, maxBytes: number): Uint8Array {
    if (length > maxBytes) throw malformed(`a field of ${length} bytes where ${maxBytes} is the limit`)
    return this.fixed(length)
  }

  text8(maxBytes = 0xff): string {
    return decodeUtf8(this.bytes8(maxBytes))
  }

  text16(maxBytes = 0xffff): string {
    return decodeUtf8(this.bytes16(maxBytes))
  }

  text32(maxBytes: number): string {
    return decodeUtf8(this.bytes32(maxBytes))
  }

  /** Everything that is left, copied. */
  rest(): Uint8Array {
    return this.fixed(this.remaining)
  }

  /** A list behind a u8 count, each item read by `readItem`. */
  list8<T>(maxItems: number, readItem: (reader: ByteReader) => T): T[] {
    return this.#list(this.u8(), maxItems, readItem)
  }

  /** A list behind a u16 count. */
  list16<T>(maxItems: number, readItem: (reader: ByteReader) => T): T[] {
    return this.#list(this.u16(), maxItems, readItem)
  }

  #list<T>(count: number, maxItems: number, readItem: (reader: ByteReader) => T): T[] {
    if (count > maxItems) throw malformed(`a list of ${count} where ${maxItems} is the limit`)
    return Array.from({ length: count }, () => readItem(this))
  }

  /** @throws `malformed` when bytes are left over: every format is exact. */
  end(): void {
    if (this.remaining !== 0) throw malformed(`${this.remaining} bytes too many`)
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes)
  } catch (cause) {
    throw new ParleyError('malformed', 'text that is not UTF-8', { cause })
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0
  for (const part of parts) total += part.length
  const joined = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** For public values. Secrets are compared by `Backend.equal`, in constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NOT_BASE64URL = 0xff
/** Values of characters by their codes. */
const BASE64URL_VALUE = new Uint8Array(128).fill(NOT_BASE64URL)
for (let value = 0; value < BASE64URL.length; value += 1) BASE64URL_VALUE[BASE64URL.charCodeAt(value)] = value

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const a = bytes[at] ?? 0
    const b = bytes[at + 1]
    const c = bytes[at + 2]
    out += BASE64URL.charAt(a >> 2) + BASE64URL.charAt(((a & 3) << 4) | ((b ?? 0) >> 4))
    if (b !== undefined) out += BASE64URL.charAt(((b & 15) << 2) | ((c ?? 0) >> 6))
    if (c !== undefined) out += BASE64URL.charAt(c & 63)
  }
  return out
}

/**
 * RFC 4648 section 5, without padding, canonical: unused low bits must be zero, so that one
 * value has one spelling.
 * @throws `malformed`
 */
export function fromBase64Url(text: string): Uint8Array {
  if (text.length % 4 === 1) throw malformed('base64url of an impossible length')
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  let bits = 0
  let pending = 0
  for (let index = 0; index < text.length; index += 1) {
    const value = BASE64URL_VALUE[text.charCodeAt(index)] ?? NOT_BASE64URL
    if (value === NOT_BASE64URL) throw malformed('a character that is not base64url')
    pending = (pending << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (pending >> bits) & 0xff
      pending &= (1 << bits) - 1
    }
  }
  if (pending !== 0) throw malformed('base64url that is not canonical')
  return out
}
