import { idFromBytes } from '../../shared/model/ids.ts'
import type { RelayId } from '../../shared/model/ids.ts'
import { decodeRelayAddress, encodeRelayAddress, RELAY_PREFIX } from '../../shared/wire/relay-address.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES, textOf, utf8, words } from '../samples.ts'

/** A relay as a person pastes it. */
export const relayAddress = fuzzTarget({
  name: 'relay-address',
  refuses: FORMAT_CODES,
  differs: 'blanks are forgiven, and a bare address has more than one spelling',
  hints: {
    maxBytes: 1_024,
    words: words(
      RELAY_PREFIX,
      '/ip4/',
      '/ip6/',
      '/dns/',
      '/dns4/',
      '/tcp/',
      '/udp/',
      '/quic-v1',
      '/wss',
      '/p2p/',
      '::',
      '.',
    ),
  },
  prepare: () => {
    const relayId = idFromBytes<RelayId>(filled(32, 1))
    return {
      samples: {
        link: utf8(
          encodeRelayAddress({ relayId, addresses: ['/ip4/192.0.2.7/tcp/4001', '/dns/r.example/tcp/443/wss'] }),
        ),
        invited: utf8(
          encodeRelayAddress({ relayId, addresses: ['/ip4/192.0.2.7/tcp/4001'], admission: filled(16, 5) }),
        ),
        ip4: utf8('/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'),
        ip6: utf8('/ip6/2001:db8::7/tcp/4001/ws'),
        name: utf8('/dns4/relay.example/tcp/443/wss'),
      },
      decode: (input) => decodeRelayAddress(textOf(input)),
      encode: ({ relayId: known, ...rest }) =>
        utf8(known === null ? rest.addresses.join('') : encodeRelayAddress({ relayId: known, ...rest })),
    }
  },
})
