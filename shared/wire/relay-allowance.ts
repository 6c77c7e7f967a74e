/** What an owner asks about itself: how much of its mailbox is used, and credentials for TURN. docs/protocol/relay.md, "Requests". */

import { ParleyError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

const MAX_TURN_URLS = 8

export interface Share {
  readonly used: number
  readonly limit: number
}

export interface Allowance {
  readonly envelopes: Share
  readonly bytes: Share
  readonly blobBytes: Share
  readonly tokens: Share
  /** Envelopes of strangers that wait for the owner. */
  readonly doorEnvelopes: Share
  readonly doorOpen: boolean
}

export function encodeAllowance(allowance: Allowance): Uint8Array {
  const writer = new ByteWriter(64)
  writer.u32(allowance.envelopes.used).u32(allowance.envelopes.limit)
  for (const { used, limit } of [allowance.bytes, allowance.blobBytes]) writer.u48(used).u48(limit)
  for (const { used, limit } of [allowance.tokens, allowance.doorEnvelopes]) writer.u32(used).u32(limit)
  return writer.u8(allowance.doorOpen ? 1 : 0).finish()
}

/** @throws malformed */
export function decodeAllowance(payload: Uint8Array): Allowance {
  const reader = new ByteReader(payload)
  const counted = (): Share => ({ used: reader.u32(), limit: reader.u32() })
  const sized = (): Share => ({ used: reader.u48(), limit: reader.u48() })
  const shares = {
    envelopes: counted(),
    bytes: sized(),
    blobBytes: sized(),
    tokens: counted(),
    doorEnvelopes: counted(),
  }
  const open = reader.u8()
  if (open > 1) throw new ParleyError('malformed', 'door')
  reader.end()
  return { ...shares, doorOpen: open === 1 }
}

/** For coturn's `use-auth-secret`. */
export interface TurnCredentials {
  /** `turn:host:port` and the like. */
  readonly urls: readonly string[]
  readonly username: string
  readonly password: string
  readonly validSeconds: number
}

/** Null: there is no TURN server beside this relay. */
export function encodeTurn(turn: TurnCredentials | null): Uint8Array {
  if (turn === null) return Uint8Array.of(0)
  const writer = new ByteWriter(256).u8(1).u8(turn.urls.length)
  for (const url of turn.urls) writer.text8(url)
  return writer.text8(turn.username).text8(turn.password).u32(turn.validSeconds).finish()
}

/** @throws malformed */
export function decodeTurn(payload: Uint8Array): TurnCredentials | null {
  const reader = new ByteReader(payload)
  const kind = reader.u8()
  if (kind > 1) throw new ParleyError('malformed', 'turn')
  const turn =
    kind === 0
      ? null
      : {
          urls: reader.list8(MAX_TURN_URLS, (item) => item.text8()),
          username: reader.text8(),
          password: reader.text8(),
          validSeconds: reader.u32(),
        }
  reader.end()
  return turn
}
