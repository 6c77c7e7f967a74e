import { decodeAnnouncement, encodeAnnouncement } from '../../main/net/lan-announcement.ts'
import type { Announcement } from '../../main/net/lan-announcement.ts'
import { ParleyError } from '../../shared/errors.ts'
import { ByteReader, ByteWriter } from '../../shared/wire/bytes.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, words } from '../samples.ts'

/** The strings of a DNS TXT record (RFC 1035, section 3.3.14). */
function strings(input: Uint8Array): readonly Uint8Array[] {
  const reader = new ByteReader(input)
  const found: Uint8Array[] = []
  while (reader.remaining > 0) found.push(reader.bytes8())
  return found
}

function written(announcement: Announcement): Uint8Array {
  const writer = new ByteWriter()
  for (const text of encodeAnnouncement(announcement)) writer.bytes8(text)
  return writer.finish()
}

/** What anybody on the same network can say. */
export const lanAnnouncement = fuzzTarget({
  name: 'lan-announcement',
  refuses: ['malformed'],
  differs: 'strings of others are passed over',
  hints: { words: words('v=1', 't=', 'q=', 'g=', '65535', '65536', '0x10', '1e3', ' ') },
  prepare: () => {
    const tags = Array.from({ length: 20 }, (_, index) => filled(8, index))
    return {
      samples: {
        both: written({ tcpPort: 4001, quicPort: 4002, tags }),
        'one-port': written({ tcpPort: 4001, quicPort: 0, tags: tags.slice(0, 16) }),
      },
      decode: (input) => {
        const announcement = decodeAnnouncement(strings(input))
        if (announcement === null) throw new ParleyError('malformed', 'no announcement')
        return announcement
      },
      encode: written,
    }
  },
})
