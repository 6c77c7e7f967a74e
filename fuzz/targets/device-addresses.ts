import { isLoopback, transportOf } from '../../main/net/multiaddrs.ts'
import { pathsTo } from '../../main/net/path-race.ts'
import { peerIdOf } from '../../main/net/peer-keys.ts'
import { ByteReader, ByteWriter } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, words } from '../samples.ts'

const MAX_ADDRESSES = 16

function written(peerKey: Uint8Array, addresses: readonly string[]): Uint8Array {
  const writer = new ByteWriter().fixed(peerKey, 32).u8(addresses.length)
  for (const address of addresses) writer.text8(address)
  return writer.finish()
}

/** Key and addresses that a contact's profile gives for a device, up to where they are dialled. */
export const deviceAddresses = fuzzTarget({
  name: 'device-addresses',
  refuses: ['malformed'],
  hints: {
    maxBytes: 2_048,
    words: words(
      '/ip4/',
      '/ip6/',
      '/ip6zone/',
      '/dns/',
      '/tcp/',
      '/udp/',
      '/quic-v1',
      '/ws',
      '/p2p/',
      '/p2p-circuit',
      '/webrtc',
      '/unix/',
      '//',
    ),
  },
  prepare: () => {
    const relay = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    return {
      samples: {
        direct: written(filled(32, 1), ['/ip4/192.0.2.7/tcp/4001', '/ip6/2001:db8::1/udp/4001/quic-v1']),
        circuit: written(filled(32, 2), [`${relay}/p2p-circuit`, '/dns/relay.example/tcp/443/tls/ws']),
      },
      decode: (input) => {
        const reader = new ByteReader(input)
        const peerId = peerIdOf(reader.fixed(32)).toString()
        const addresses = reader.list8(MAX_ADDRESSES, (item) => item.text8())
        reader.end()
        return {
          kinds: addresses.map((address) => [transportOf(address) ?? '', isLoopback(address)]),
          paths: pathsTo(addresses, peerId, ['quic', 'tcp', 'websocket', 'circuit', 'webrtc']).map(
            ({ transport }) => transport,
          ),
        }
      },
    }
  },
})
