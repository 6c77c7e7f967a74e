import { beforeEach, describe, expect, test } from 'vitest'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { Link } from './link.ts'
import { PeerLinks } from './peer-links.ts'
import { ManualClock, settled } from './testing/manual-clock.ts'
import { streamPair } from './testing/stream-pair.ts'
import type { MemoryStream } from './testing/stream-pair.ts'

const SMALL = new Uint8Array(32).fill(1)
const LARGE = new Uint8Array(32).fill(2)

/** One device and the choices it makes. */
class Side {
  readonly links: PeerLinks
  readonly told: string[] = []
  readonly names = new Map<unknown, string>()
  readonly #clock: ManualClock
  readonly #peerKey: Uint8Array

  constructor(clock: ManualClock, ownKey: Uint8Array, peerKey: Uint8Array) {
    this.#clock = clock
    this.#peerKey = peerKey
    this.links = new PeerLinks(ownKey, {
      onLink: (link) => this.told.push(`use ${this.names.get(link) ?? '?'}`),
      onLinkClosed: (link) => this.told.push(`end ${this.names.get(link) ?? '?'}`),
    })
  }

  add(name: string, stream: MemoryStream, openedHere: boolean, transport: DirectTransport = 'tcp'): Link {
    const link = new Link({
      stream,
      clock: this.#clock,
      peerKey: this.#peerKey,
      transport,
      openedHere,
      getBlob: () => Promise.resolve(null),
      events: {
        onEnvelope: () => Promise.resolve('committed'),
        onEphemeral: () => undefined,
        onClosed: (closed) => {
          this.links.onClosed(closed)
        },
        onGone: (gone) => {
          this.links.onGone(gone)
        },
        onBug: () => undefined,
      },
    })
    this.names.set(link, name)
    this.links.add(link)
    link.open()
    return link
  }

  get current(): string | undefined {
    const link = this.links.current(this.#peerKey)
    return link === null ? undefined : this.names.get(link)
  }
}

let clock: ManualClock
let small: Side
let large: Side
beforeEach(() => {
  clock = new ManualClock()
  small = new Side(clock, SMALL, LARGE)
  large = new Side(clock, LARGE, SMALL)
})

describe('two streams that both sides opened at once', () => {
  // each side sees its own first, or the other's
  const orders = [
    ['own', 'own'],
    ['other', 'other'],
    ['own', 'other'],
    ['other', 'own'],
  ] as const
  test.each(orders)('come down to the one of the smaller key (%s first, %s first)', async (smallSees, largeSees) => {
    const [bySmallA, bySmallB] = streamPair()
    const [byLargeA, byLargeB] = streamPair()
    const add = (
      side: Side,
      own: MemoryStream,
      other: MemoryStream,
      first: 'own' | 'other',
      isSmall: boolean,
    ): void => {
      const ownName = isSmall ? 'by small' : 'by large'
      const otherName = isSmall ? 'by large' : 'by small'
      if (first === 'own') side.add(ownName, own, true)
      side.add(otherName, other, false)
      if (first === 'other') side.add(ownName, own, true)
    }
    add(small, bySmallA, byLargeB, smallSees, true)
    add(large, byLargeA, bySmallB, largeSees, false)
    await settled()
    expect([small.current, large.current]).toEqual(['by small', 'by small'])
    expect(small.links.all().filter((link) => !link.closed)).toHaveLength(1)
    expect(large.links.all().filter((link) => !link.closed)).toHaveLength(1)
  })
})

test('an envelope sent before the second stream was seen is answered on the first, which the other side has given up', async () => {
  const [byLarge, byLargeEnd] = streamPair()
  large.add('by large', byLarge, true)
  small.add('by large', byLargeEnd, false)
  const [bySmall] = streamPair()
  small.add('by small', bySmall, true)
  await settled()
  expect([small.current, large.current]).toEqual(['by small', 'by large'])
  expect(await large.links.current(SMALL)?.send(Uint8Array.of(1))).toBe('committed')
})

test('a stream that the other side opened after a crash takes over when the old one does not answer within a second', async () => {
  const [oldEnd] = streamPair()
  oldEnd.cut = true
  small.add('old', oldEnd, true)
  const [, fresh] = streamPair()
  small.add('fresh', fresh, false)
  await settled()
  expect(small.current).toBe('old')
  clock.advance(1_000)
  await settled()
  expect(small.current).toBe('fresh')
  expect(small.told).toEqual(['use old', 'use fresh', 'end old'])
})

test('a direct path replaces a circuit, and a circuit never a direct path', async () => {
  const [circuit] = streamPair()
  const [direct, directEnd] = streamPair()
  const [secondCircuit, secondEnd] = streamPair()
  large.add('circuit', circuit, true, 'circuit')
  large.add('direct', direct, true, 'tcp')
  small.add('direct', directEnd, false, 'tcp')
  await settled()
  expect(large.told).toEqual(['use circuit', 'use direct', 'end circuit'])
  large.add('second circuit', secondCircuit, false, 'circuit')
  small.add('second circuit', secondEnd, true, 'circuit')
  await settled()
  expect([large.current, small.current]).toEqual(['direct', 'direct'])
})

test('of two streams of the same side the second is used', async () => {
  const [first] = streamPair()
  const [second] = streamPair()
  small.add('first', first, false)
  small.add('second', second, false)
  await settled()
  expect(small.told).toEqual(['use first', 'use second', 'end first'])
})

test('when the one in use breaks, another that stands is used', async () => {
  const [first, firstEnd] = streamPair()
  const [second] = streamPair()
  small.add('first', first, true)
  large.add('first', firstEnd, false)
  const kept = small.links.current(LARGE)
  small.add('second', second, false)
  first.abort(new Error('cut'))
  await settled()
  expect(kept?.closed).toBe(true)
  expect(small.current).toBe('second')
})

test('who waits for a link to a device is told of the first', () => {
  const seen: Link[] = []
  const unwatch = small.links.watch(LARGE, (link) => seen.push(link))
  const link = small.add('first', streamPair()[0], true)
  unwatch()
  small.add('second', streamPair()[0], true)
  expect(seen).toEqual([link])
})
