/**
 * What goes to PostgreSQL and what comes back. Arrays go in its binary format, so that ciphertext is copied and not spelled
 * out; rows come as text, since `pg` takes what comes for UTF-8.
 */

export type Row = Readonly<Record<string, unknown>>

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new Error(`${column} is not bytes`)
  return new Uint8Array(value)
}

export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value !== 'number') throw new Error(`${column} is not a number`)
  return value
}

export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value !== 'string') throw new Error(`${column} is not text`)
  return value
}

const OID = { bool: 16, bytea: 17, int8: 20, int4: 23 } as const

const PARSERS: Readonly<Record<number, (value: string) => unknown>> = {
  [OID.bool]: (value) => value === 't',
  // \\x and two digits a byte.
  [OID.bytea]: (value) => Buffer.from(value.slice(2), 'hex'),
  [OID.int8]: Number,
  [OID.int4]: Number,
}

/** Numbers come as numbers (all here are below 2^53), bytes as bytes, the rest as text. */
export function parserOf(oid: number): (value: string) => unknown {
  return PARSERS[oid] ?? ((value) => value)
}

/** A `bytea[]`. */
export function bytesArray(items: readonly Uint8Array[]): Buffer {
  const { buffer, start } = arrayOf(
    OID.bytea,
    items.length,
    items.reduce((sum, item) => sum + item.length, 0),
  )
  let at = start
  for (const item of items) {
    at = buffer.writeInt32BE(item.length, at)
    buffer.set(item, at)
    at += item.length
  }
  return buffer
}

/** An `int8[]`. */
export function numberArray(items: readonly number[]): Buffer {
  const { buffer, start } = arrayOf(OID.int8, items.length, 8 * items.length)
  let at = start
  for (const item of items) {
    at = buffer.writeInt32BE(8, at)
    at = buffer.writeBigInt64BE(BigInt(item), at)
  }
  return buffer
}

/** One dimension, no nulls; a length of 4 bytes before each element. */
function arrayOf(
  oid: number,
  count: number,
  contentBytes: number,
): { readonly buffer: Buffer; readonly start: number } {
  const dimensions = count === 0 ? 0 : 1
  const buffer = Buffer.allocUnsafe(12 + 8 * dimensions + 4 * count + contentBytes)
  let at = buffer.writeInt32BE(dimensions, 0)
  at = buffer.writeInt32BE(0, at)
  at = buffer.writeInt32BE(oid, at)
  if (dimensions === 0) return { buffer, start: at }
  at = buffer.writeInt32BE(count, at)
  return { buffer, start: buffer.writeInt32BE(1, at) }
}
