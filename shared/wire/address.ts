/**
 * Compact network addresses for invite links: a multiaddr without PeerId in 8 to 70 bytes.
 *
 * u8 transport (1 tcp, 2 quic-v1, 3 ws, 4 wss) ‖ u8 host kind (1 ip4, 2 ip6, 3 dns) ‖ host (4 | 16 | u8-text ≤ 63) ‖ u16 port
 */

import { ByteReader, ByteWriter } from './bytes.ts'
import { ParleyError } from '../errors.ts'

const TRANSPORTS = [
  { code: 1, prefix: 'tcp', suffix: '' },
  { code: 2, prefix: 'udp', suffix: '/quic-v1' },
  { code: 3, prefix: 'tcp', suffix: '/ws' },
  { code: 4, prefix: 'tcp', suffix: '/tls/ws' },
] as const

const MULTIADDR = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/(tcp|udp)\/(\d{1,5})(\/quic-v1|\/ws|\/tls\/ws|\/wss)?$/

/** Null: an address that a link cannot carry (a circuit, a name of over 63 bytes). */
export function encodeAddress(multiaddr: string): Uint8Array | null {
  const match = MULTIADDR.exec(multiaddr)
  if (match === null) return null
  const [, family = '', host = '', prefix = '', portText = '', rawSuffix = ''] = match
  const suffix = rawSuffix === '/wss' ? '/tls/ws' : rawSuffix
  const transport = TRANSPORTS.find((known) => known.prefix === prefix && known.suffix === suffix)
  const port = Number(portText)
  if (transport === undefined || port > 65_535) return null
  const writer = new ByteWriter(80).u8(transport.code)
  if (!writeHost(writer, family, host)) return null
  return writer.u16(port).finish()
}

function writeHost(writer: ByteWriter, family: string, host: string): boolean {
  if (family === 'ip4') {
    const bytes = parseIp4(host)
    if (bytes === null) return false
    writer.u8(1).raw(bytes)
    return true
  }
  if (family === 'ip6') {
    const bytes = parseIp6(host)
    if (bytes === null) return false
    writer.u8(2).raw(bytes)
    return true
  }
  if (!/^[a-z0-9.-]{1,63}$/i.test(host)) return false
  writer.u8(3).text8(host)
  return true
}

function parseIp4(host: string): Uint8Array | null {
  const parts = host.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null
  return Uint8Array.from(parts, Number)
}

function parseIp6(host: string): Uint8Array | null {
  const halves = host.split('::')
  if (halves.length > 2 || host.includes('.')) return null
  const head = halves[0] === undefined || halves[0] === '' ? [] : halves[0].split(':')
  const tail = halves[1] === undefined || halves[1] === '' ? [] : halves[1].split(':')
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}

/** @throws malformed */
export function readAddress(reader: ByteReader): string {
  const code = reader.u8()
  const transport = TRANSPORTS.find((known) => known.code === code)
  if (transport === undefined) throw new ParleyError('malformed', 'unknown transport')
  const host = readHost(reader)
  return `${host}/${transport.prefix}/${reader.u16()}${transport.suffix}`
}

function readHost(reader: ByteReader): string {
  const kind = reader.u8()
  if (kind === 1) return `/ip4/${[...reader.fixed(4)].join('.')}`
  if (kind === 2) {
    const view = new ByteReader(reader.fixed(16))
    return `/ip6/${Array.from({ length: 8 }, () => view.u16().toString(16)).join(':')}`
  }
  if (kind === 3) {
    const name = reader.text8(63)
    if (!/^[a-z0-9.-]{1,63}$/i.test(name)) throw new ParleyError('malformed', 'host name')
    return `/dns/${name}`
  }
  throw new ParleyError('malformed', 'unknown host kind')
}
