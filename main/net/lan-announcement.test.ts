import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import type { MulticastDNS } from 'multicast-dns'
import { beforeEach, describe, expect, test } from 'vitest'
import { decodeAnnouncement, encodeAnnouncement, LAN_SERVICE, LanAnnouncement, lanTag } from './lan-announcement.ts'
import { ManualClock } from './testing/manual-clock.ts'

type Packet = Readonly<Record<string, unknown>>

/** A network segment in memory: what one says all hear, the speaker too. */
class Segment {
  readonly packets: Packet[] = []
  readonly #hosts: { readonly address: string; readonly emitter: EventEmitter }[] = []

  join(address: string): () => MulticastDNS {
    const emitter = new EventEmitter()
    this.#hosts.push({ address, emitter })
    const say = (event: string) => (packet: Packet) => {
      this.packets.push(packet)
      const heard = { questions: [], answers: [], ...packet }
      for (const host of this.#hosts) host.emitter.emit(event, heard, { address, port: 5353 })
    }
    const multicast = Object.assign(emitter, {
      query: say('query'),
      respond: say('response'),
      destroy: () => undefined,
    })
    return () => multicast as unknown as MulticastDNS
  }
}

const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const addressesOf = (host: string): readonly string[] => [`/ip4/${host}/udp/2/quic-v1`, `/ip4/${host}/tcp/1`]

let clock: ManualClock
let segment: Segment
beforeEach(() => {
  clock = new ManualClock()
  segment = new Segment()
})

function announcer(host: string, found: unknown[] = [], announced = addressesOf(host)): LanAnnouncement {
  return new LanAnnouncement({
    clock,
    random: () => 0.5,
    addresses: () => announced,
    onFound: (peerKey, addresses) => found.push([peerKey, addresses]),
    makeMulticast: segment.join(host),
  })
}

describe('two contacts on one network', () => {
  test('find each other by the tag that only they can make', () => {
    const [foundByAlice, foundByBob, foundByCarol]: unknown[][] = [[], [], []]
    const alice = announcer('192.0.2.1', foundByAlice)
    const bob = announcer('192.0.2.2', foundByBob)
    const carol = announcer('192.0.2.3', foundByCarol)
    alice.setContacts([{ secret: secret(1), peerKeys: [key(2)] }])
    carol.setContacts([{ secret: secret(9), peerKeys: [key(8)] }])
    clock.advance(1_000)
    bob.setContacts([{ secret: secret(1), peerKeys: [key(1)] }])
    expect(foundByAlice).toEqual([[key(2), addressesOf('192.0.2.2')]])
    expect(foundByBob).toEqual([[key(1), addressesOf('192.0.2.1')]])
    expect(foundByCarol).toEqual([])
    expect(bob.addressesOf(key(1))).toEqual(addressesOf('192.0.2.1'))
  })

  test('are announced without a key, padded to sixteen tags, and again every minute', () => {
    const alice = announcer('192.0.2.1')
    alice.setContacts([1, 2, 3].map((fill) => ({ secret: secret(fill), peerKeys: [key(fill)] })))
    const answers = () =>
      segment.packets.flatMap((packet) => (packet['answers'] as { data: Buffer[] }[] | undefined) ?? [])
    const before = answers().length
    const tags = decodeAnnouncement(answers()[0]?.data)?.tags ?? []
    expect(tags).toHaveLength(16)
    const day = Math.floor(clock.nowMs() / 86_400_000)
    for (const fill of [1, 2, 3]) expect(tags).toContainEqual(lanTag(secret(fill), day))
    clock.advance(60_000)
    expect(answers().length).toBe(before + 1)
    alice.stop()
    clock.advance(600_000)
    expect(answers().length).toBe(before + 1)
  })

  test('are found across midnight, and not two days later', () => {
    const found: unknown[] = []
    announcer('192.0.2.2', found).setContacts([{ secret: secret(1), peerKeys: [key(1)] }])
    const say = segment.join('192.0.2.1')()
    const announce = (day: number): void => {
      const data = encodeAnnouncement({ tcpPort: 5, quicPort: 0, tags: [lanTag(secret(1), day)] })
      say.respond({ answers: [{ name: LAN_SERVICE, type: 'TXT', data }] })
    }
    const today = Math.floor(clock.nowMs() / 86_400_000)
    announce(today - 2)
    expect(found).toEqual([])
    announce(today + 1)
    expect(found).toEqual([[key(1), ['/ip4/192.0.2.1/tcp/5']]])
    // the same again says nothing new for a while
    announce(today)
    expect(found).toHaveLength(1)
  })
})

test('a network without multicast, and one that breaks, harm nobody', () => {
  const none = new LanAnnouncement({
    clock,
    random: () => 0,
    addresses: () => addressesOf('192.0.2.1'),
    onFound: () => undefined,
    makeMulticast: () => {
      throw new Error('EADDRINUSE')
    },
  })
  none.setContacts([{ secret: secret(1), peerKeys: [] }])
  const make = segment.join('192.0.2.1')
  const broken = new LanAnnouncement({
    clock,
    random: () => 0,
    addresses: () => addressesOf('192.0.2.1'),
    onFound: () => undefined,
    makeMulticast: make,
  })
  make().emit('error', new Error('ENETDOWN'))
  broken.setContacts([{ secret: secret(1), peerKeys: [] }])
  expect(segment.packets).toEqual([])
})

describe('an announcement from the network', () => {
  test('comes back as it was sent', () => {
    const tags = [lanTag(secret(1), 1), lanTag(secret(2), 1)]
    expect(decodeAnnouncement(encodeAnnouncement({ tcpPort: 1, quicPort: 65_535, tags }))).toEqual({
      tcpPort: 1,
      quicPort: 65_535,
      tags,
    })
  })

  test('may be anything at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.array(fc.uint8Array({ maxLength: 300 }))), (data) => {
        const announcement = decodeAnnouncement(data)
        expect(announcement?.tags.every((tag) => tag.length === 8) ?? true).toBe(true)
      }),
    )
    expect(decodeAnnouncement([Buffer.from('v=2'), Buffer.from('t=1')])).toBeNull()
    expect(decodeAnnouncement([Buffer.from('v=1'), Buffer.from('t=70000'), Buffer.from('q=-1')])).toEqual({
      tcpPort: 0,
      quicPort: 0,
      tags: [],
    })
  })
})

test('a tag is the first 8 bytes of HMAC-SHA-256 over label and day', () => {
  expect(Buffer.from(lanTag(secret(1), 20_000)).toString('hex')).toBe('37355d13f4708680')
})
