/**
 * Whom a limit by address means: an IPv4 host and its /24, an IPv6 /64 (one customer has at least that) and its /48.
 * Prefixes are held in memory as long as a limit needs them, and are never written down.
 */

export interface AddressPrefixes {
  /** One host or customer. */
  readonly narrow: string
  /** Their neighbours: what one who has many addresses has most often. */
  readonly wide: string
}

/** `/ip4/1.2.3.4/tcp/5` and `/ip4/1.2.3.4/udp/6/quic-v1` are the same host. */
export function prefixesOf(address: string): AddressPrefixes {
  const [, family = '', host = ''] = address.split('/')
  if (family === 'ip4') return ofIp4(host)
  const groups = family === 'ip6' ? groupsOf(host) : null
  if (groups === null) return { narrow: `${family} ${host}`, wide: `${family} ${host} wide` }
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return ofIp4(bytesOf(groups.slice(6)).join('.'))
  return { narrow: `6 ${hex(groups.slice(0, 4))}`, wide: `6 ${hex(groups.slice(0, 3))}` }
}

function ofIp4(host: string): AddressPrefixes {
  return { narrow: `4 ${host}`, wide: `4 ${host.split('.').slice(0, 3).join('.')}` }
}

/** Eight numbers, or null for what is no address. */
function groupsOf(host: string): readonly number[] | null {
  const [head = '', tail, ...more] = host.split('::')
  if (more.length > 0) return null
  const before = numbersOf(head)
  const after = tail === undefined ? [] : numbersOf(tail)
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after]
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : null
}

function numbersOf(part: string): readonly number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function bytesOf(groups: readonly number[]): readonly number[] {
  return groups.flatMap((group) => [group >>> 8, group & 0xff])
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}
