import { idFromBytes } from '../../shared/model/ids.ts'
import type { RelayId } from '../../shared/model/ids.ts'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { decodeFrontEnds, frontEndsBytes } from '../../shared/wire/relay-signed.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES } from '../samples.ts'

export const frontEnds = fuzzTarget({
  name: 'front-ends',
  refuses: FORMAT_CODES,
  prepare: () => {
    const list = {
      relayId: idFromBytes<RelayId>(filled(32, 1)),
      version: 7,
      peers: ['12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'],
      addresses: ['/ip4/192.0.2.7/tcp/4001', '/dns/relay.example/tcp/443/tls/ws'],
    }
    return {
      samples: {
        list: concatBytes(frontEndsBytes(list), filled(64, 2)),
        empty: concatBytes(frontEndsBytes({ ...list, peers: [], addresses: [] }), filled(64, 3)),
      },
      decode: decodeFrontEnds,
      encode: ({ list: read, signature }) => concatBytes(frontEndsBytes(read), signature),
    }
  },
})
