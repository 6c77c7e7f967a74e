import { encodeAddress, readAddress } from '../../shared/wire/address.ts'
import { ByteReader } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import { words } from '../samples.ts'

const encode = (address: string): Uint8Array => {
  const bytes = encodeAddress(address)
  if (bytes === null) throw new Error(`${address} was read and cannot be written`)
  return bytes
}

export const address = fuzzTarget({
  name: 'address',
  refuses: ['malformed'],
  hints: { maxBytes: 256, words: words('relay.example', '.', '-', '..') },
  prepare: () => ({
    samples: {
      tcp: encode('/ip4/192.0.2.7/tcp/4001'),
      quic: encode('/ip4/192.0.2.7/udp/4001/quic-v1'),
      ip6: encode('/ip6/2001:db8::1/tcp/443/tls/ws'),
      name: encode('/dns/relay.example/tcp/80/ws'),
    },
    decode: (input) => {
      const reader = new ByteReader(input)
      const read = readAddress(reader)
      reader.end()
      return read
    },
    encode,
  }),
})
