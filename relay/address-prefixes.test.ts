import { expect, test } from 'vitest'
import { prefixesOf } from './address-prefixes.ts'

test('IPv4: a host and its /24, whatever the transport', () => {
  expect(prefixesOf('/ip4/192.0.2.7/tcp/4001')).toEqual({ narrow: '4 192.0.2.7', wide: '4 192.0.2' })
  expect(prefixesOf('/ip4/192.0.2.7/udp/9/quic-v1')).toEqual(prefixesOf('/ip4/192.0.2.7/tcp/1/ws'))
})

test('IPv6: a /64 and its /48, however it is written', () => {
  const expected = { narrow: '6 2001:db8:a:b', wide: '6 2001:db8:a' }
  for (const host of [
    '2001:db8:a:b:1:2:3:4',
    '2001:0db8:000a:000b::1',
    '2001:db8:a:b::',
    '2001:db8:a:b:ffff::192.0.2.1',
  ]) {
    expect(prefixesOf(`/ip6/${host}/tcp/4001`)).toEqual(expected)
  }
  expect(prefixesOf('/ip6/::1/tcp/4001')).toEqual({ narrow: '6 0:0:0:0', wide: '6 0:0:0' })
})

test('an IPv4 host that comes over an IPv6 socket is the same host', () => {
  expect(prefixesOf('/ip6/::ffff:192.0.2.7/tcp/4001')).toEqual(prefixesOf('/ip4/192.0.2.7/tcp/4001'))
  expect(prefixesOf('/ip6/::ffff:c000:207/tcp/4001')).toEqual(prefixesOf('/ip4/192.0.2.7/tcp/4001'))
})

test('what is no address has a name of its own', () => {
  for (const odd of ['', '/ip6/::1::2/tcp/1', '/ip6/1:2:3/tcp/1', '/ip6/xyz::/tcp/1', '/memory/x']) {
    const { narrow, wide } = prefixesOf(odd)
    expect(narrow).not.toBe(wide)
    expect(narrow).not.toMatch(/^[46] /)
  }
})
