import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { isLoopback, ownAddresses, transportOf } from './multiaddrs.ts'

const OWN = '12D3KooWGSrXQQXYp31AUbZ64eJMb3hGywN4dmzpaZW3rWW22EfF'
const RELAY = '12D3KooWRdFFg3yTbTsDq5Z1yCvCWbqznEFro9jeVivo7rkayJ4D'
const CIRCUIT = `/ip4/192.0.2.9/tcp/1/p2p/${RELAY}/p2p-circuit`

describe('the transport of an address', () => {
  test.each([
    ['/ip4/192.0.2.1/udp/1/quic-v1', 'quic'],
    [`/ip4/192.0.2.1/udp/1/quic-v1/p2p/${OWN}`, 'quic'],
    ['/ip6/2001:db8::1/tcp/1', 'tcp'],
    ['/dns/example.org/tcp/1', 'tcp'],
    ['/ip4/192.0.2.1/tcp/1/ws', 'websocket'],
    ['/dns/example.org/tcp/443/tls/ws', 'websocket'],
    ['/dns/example.org/tcp/443/wss', 'websocket'],
    [CIRCUIT, 'circuit'],
    [`${CIRCUIT}/p2p/${OWN}`, 'circuit'],
    [`${CIRCUIT}/webrtc/p2p/${OWN}`, 'webrtc'],
    [`/webrtc/p2p/${OWN}`, 'webrtc'],
    ['/ip4/192.0.2.1/udp/1', null],
    ['/unix/socket', null],
    ['', null],
  ])('%s', (address, transport) => {
    expect(transportOf(address)).toBe(transport)
  })
})

test('loopback is known in both families', () => {
  expect(['/ip4/127.0.0.1/tcp/1', '/ip4/127.8.8.8/tcp/1', '/ip6/::1/tcp/1'].every(isLoopback)).toBe(true)
  expect(['/ip4/10.0.0.1/tcp/1', '/ip6/::10/tcp/1'].some(isLoopback)).toBe(false)
})

describe('own addresses', () => {
  const own = (...texts: readonly string[]): readonly string[] =>
    ownAddresses(
      texts.map((text) => multiaddr(text)),
      OWN,
      16,
    )

  test('are told without the own key, the likely ones first, once each', () => {
    expect(
      own(
        `${CIRCUIT}/p2p/${OWN}`,
        `/ip4/192.0.2.1/tcp/1/p2p/${OWN}`,
        '/ip4/192.0.2.1/tcp/1',
        '/ip6/2001:db8::1/udp/2/quic-v1',
        '/ip4/192.0.2.1/udp/2/quic-v1',
      ),
    ).toEqual(['/ip4/192.0.2.1/udp/2/quic-v1', '/ip6/2001:db8::1/udp/2/quic-v1', '/ip4/192.0.2.1/tcp/1', CIRCUIT])
  })

  test('leave out loopback where there is another, and what is good on one cable only', () => {
    expect(own('/ip4/127.0.0.1/tcp/1', '/ip4/192.0.2.1/tcp/1', '/ip6/fe80::1/tcp/1')).toEqual(['/ip4/192.0.2.1/tcp/1'])
    expect(own('/ip4/127.0.0.1/tcp/1', CIRCUIT)).toEqual(['/ip4/127.0.0.1/tcp/1', CIRCUIT])
  })
})
