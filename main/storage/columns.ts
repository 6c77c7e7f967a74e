/** How the fields of records are laid into columns: ids and order keys as bytes, choices as numbers. */

import { ParleyError } from '../../shared/errors.ts'
import type { SqlValue } from './sql.ts'

export interface Column<T> {
  encode(value: T): SqlValue
  /** @throws store-damaged when the column cannot hold that */
  decode(value: SqlValue | undefined): T
}

function damaged(what: string): ParleyError {
  return new ParleyError('store-damaged', `a column without its ${what}`)
}

export const integer: Column<number> = {
  encode: (value) => value,
  decode: (value) => {
    if (typeof value !== 'number') throw damaged('number')
    return value
  },
}

export const flag: Column<boolean> = {
  encode: (value) => (value ? 1 : 0),
  decode: (value) => integer.decode(value) === 1,
}

export const text: Column<string> = {
  encode: (value) => value,
  decode: (value) => {
    if (typeof value !== 'string') throw damaged('text')
    return value
  },
}

/** Comes back as a plain `Uint8Array`: a `Buffer` compares and slices differently. */
export const bytes: Column<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => {
    if (!(value instanceof Uint8Array)) throw damaged('bytes')
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  },
}

/** Base64url text outside, `sizeBytes` bytes inside. */
export function id<T extends string>(sizeBytes: number): Column<T> {
  return {
    encode: (value) => {
      const encoded = Buffer.from(value, 'base64url')
      if (encoded.length !== sizeBytes) throw new ParleyError('malformed', `an id that is not of ${sizeBytes} bytes`)
      return encoded
    },
    decode: (value) => {
      if (!(value instanceof Uint8Array)) throw damaged('id')
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64url') as T
    },
  }
}

const ORDER_KEY = /^[0-9a-f]{56}$/

/** 56 hexadecimal digits outside, 28 bytes inside: both sort alike. */
export const orderKey: Column<string> = {
  encode: (value) => {
    if (!ORDER_KEY.test(value)) throw new ParleyError('bad-request', 'order key')
    return Buffer.from(value, 'hex')
  },
  decode: (value) => Buffer.from(bytes.decode(value)).toString('hex'),
}

/** Stored as the place in the list: new values go to its end, and none is ever taken out. */
export function choice<const T extends string>(values: readonly T[]): Column<T> {
  return {
    encode: (value) => values.indexOf(value),
    decode: (value) => {
      const chosen = values[integer.decode(value)]
      if (chosen === undefined) throw damaged('choice')
      return chosen
    },
  }
}

/** Stored as its name: for lists that grow in any place. */
export function named<const T extends string>(values: readonly T[]): Column<T> {
  return {
    encode: (value) => value,
    decode: (value) => {
      const found = values.find((candidate) => candidate === value)
      if (found === undefined) throw damaged('name')
      return found
    },
  }
}

export function nullable<T>(column: Column<T>): Column<T | null> {
  return {
    encode: (value) => (value === null ? null : column.encode(value)),
    decode: (value) => (value === null ? null : column.decode(value)),
  }
}

/** A list of ids of one size, one behind the other. */
export function ids<T extends string>(sizeBytes: number): Column<readonly T[]> {
  const one = id<T>(sizeBytes)
  return {
    encode: (values) => Buffer.concat(values.map((value) => bytes.decode(one.encode(value)))),
    decode: (value) => {
      const all = bytes.decode(value)
      if (all.length % sizeBytes !== 0) throw damaged('ids')
      return Array.from({ length: all.length / sizeBytes }, (_, index) =>
        one.decode(all.subarray(index * sizeBytes, (index + 1) * sizeBytes)),
      )
    },
  }
}

/** A list of texts, as JSON. */
export const texts: Column<readonly string[]> = {
  encode: (value) => JSON.stringify(value),
  decode: (value) => {
    const parsed: unknown = JSON.parse(text.decode(value))
    if (!Array.isArray(parsed)) throw damaged('list')
    return parsed.map((item: unknown) => {
      if (typeof item !== 'string') throw damaged('list of texts')
      return item
    })
  },
}
