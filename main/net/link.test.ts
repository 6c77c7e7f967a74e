import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { isParleyError } from '../../shared/errors.ts'
import { encodeDirectFrame } from '../../shared/wire/direct-frames.ts'
import { DRAIN_WITHIN_MS, Link, MAX_UNANSWERED, RETIRED_STAYS_MS } from './link.ts'
import type { LinkEvents } from './link.ts'
import {
  ANSWER_WITHIN_MS,
  IDLE_PING_AFTER_MS,
  PONG_WITHIN_MS,
  UNANSWERED_DEAD_AFTER_MS,
  UNANSWERED_PING_AFTER_MS,
} from './liveness.ts'
import { ManualClock, settled } from './testing/manual-clock.ts'
import { streamPair } from './testing/stream-pair.ts'
import type { MemoryStream } from './testing/stream-pair.ts'

class End {
  readonly received: Uint8Array[] = []
  readonly ephemeral: Uint8Array[] = []
  closedCount = 0
  goneCount = 0
  bugs: unknown[] = []
  store: (envelope: Uint8Array) => Promise<'committed' | 'refused'> = () => Promise.resolve('committed')
  readonly link: Link
  readonly stream: MemoryStream

  constructor(stream: MemoryStream, clock: ManualClock, openedHere: boolean) {
    this.stream = stream
    const events: LinkEvents = {
      onEnvelope: (_link, envelope) => {
        this.received.push(envelope)
        return this.store(envelope)
      },
      onEphemeral: (_link, envelope) => this.ephemeral.push(envelope),
      onClosed: () => {
        this.closedCount += 1
      },
      onGone: () => {
        this.goneCount += 1
      },
      onBug: (error) => this.bugs.push(error),
    }
    this.link = new Link({
      stream,
      clock,
      peerKey: new Uint8Array(32),
      transport: 'tcp',
      openedHere,
      events,
      getBlob: () => Promise.resolve(null),
    })
    this.link.open()
  }
}

let clock: ManualClock
let alice: End
let bob: End
beforeEach(() => {
  clock = new ManualClock()
  const [a, b] = streamPair()
  alice = new End(a, clock, true)
  bob = new End(b, clock, false)
})

const envelope = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff, 1)
const never = (): Promise<'committed'> => new Promise(() => undefined)
const unreachable = (error: unknown): boolean => isParleyError(error, 'unreachable')

/** A frame as it travels. */
function framed(body: Uint8Array, length = body.length): Uint8Array {
  const frame = new Uint8Array(4 + body.length)
  new DataView(frame.buffer).setUint32(0, length)
  frame.set(body, 4)
  return frame
}

function cutBoth(): void {
  alice.stream.cut = true
  bob.stream.cut = true
}

describe('a link whose path is cut', () => {
  test('is pinged when an envelope goes unanswered for 3 s and dead after 10 s', async () => {
    cutBoth()
    const send = alice.link.send(envelope(1))
    const outcome = expect(send).rejects.toSatisfy(unreachable)
    await settled()
    clock.advance(UNANSWERED_PING_AFTER_MS - 1)
    await settled()
    expect(alice.stream.sent).toHaveLength(1)
    clock.advance(1)
    await settled()
    expect(alice.stream.sent).toHaveLength(2)
    clock.advance(UNANSWERED_DEAD_AFTER_MS - UNANSWERED_PING_AFTER_MS - 1)
    expect(alice.link.closed).toBe(false)
    clock.advance(1)
    expect(alice.link.closed).toBe(true)
    await outcome
    expect([alice.closedCount, alice.goneCount]).toEqual([1, 1])
  })

  test('is pinged after 30 s of silence and dead 10 s later', async () => {
    cutBoth()
    clock.advance(IDLE_PING_AFTER_MS)
    await settled()
    expect(alice.stream.sent).toHaveLength(1)
    clock.advance(PONG_WITHIN_MS)
    expect(alice.link.closed).toBe(true)
    expect(clock.timerCount).toBe(0)
  })

  test('lives on when the answer is slow and pings are answered, until a minute is over', async () => {
    bob.store = never
    const outcome = expect(alice.link.send(envelope(1))).rejects.toSatisfy((error) => isParleyError(error, 'timeout'))
    for (let second = 0; second < ANSWER_WITHIN_MS / 1000 - 1; second += 1) {
      clock.advance(1_000)
      await settled()
    }
    expect(alice.link.closed).toBe(false)
    clock.advance(1_000)
    expect(alice.link.closed).toBe(true)
    await outcome
  })

  test('is not taken for dead while a slow way still takes bytes', async () => {
    alice.stream.full = true
    void alice.link.send(envelope(1)).catch(() => undefined)
    bob.store = never
    await settled()
    for (let round = 0; round < 10; round += 1) {
      clock.advance(2_900)
      alice.stream.drain()
      await settled()
      alice.stream.full = true
      void alice.link.send(envelope(round + 2)).catch(() => undefined)
      await settled()
    }
    expect(alice.link.closed).toBe(false)
  })
})

test('idle links stay open by their pings alone', async () => {
  for (let minute = 0; minute < 10; minute += 1) {
    clock.advance(IDLE_PING_AFTER_MS)
    await settled()
  }
  expect([alice.link.closed, bob.link.closed]).toEqual([false, false])
  expect(bob.received).toEqual([])
})

test('a probe tells a living link from a dead one', async () => {
  const alive = alice.link.probe(1_000)
  await settled()
  expect(await alive).toBe(true)
  cutBoth()
  const dead = alice.link.probe(1_000)
  await settled()
  clock.advance(1_000)
  expect(await dead).toBe(false)
})

describe('a peer that does not keep to the protocol', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['an empty frame', framed(new Uint8Array())],
    ['a frame beyond the limit', framed(Uint8Array.of(1), 262_145)],
    ['an unknown type', framed(Uint8Array.of(9, 1, 2))],
    ['an envelope without bytes', framed(Uint8Array.of(1))],
    ['an answer cut short', framed(new Uint8Array(17).fill(2))],
    ['an answer with an unknown result', framed(Uint8Array.of(2, ...new Uint8Array(16), 7))],
    ['an ephemeral envelope beyond the limit', framed(Uint8Array.of(3, ...new Uint8Array(16_385)))],
    ['a ping with too much in it', framed(Uint8Array.of(4, ...new Uint8Array(9)))],
  ]
  test.each(cases)('%s ends the stream and nothing is delivered', (_name, bytes) => {
    bob.stream.deliver(bytes)
    expect(bob.stream.aborted).toSatisfy((error) => isParleyError(error, 'malformed'))
    expect([bob.received, bob.ephemeral]).toEqual([[], []])
    expect([bob.link.closed, bob.goneCount]).toEqual([true, 1])
  })

  test('what came before the bad frame was delivered, what comes after is not', () => {
    const good = framed(encodeDirectFrame({ type: 'envelope', envelope: envelope(1) }))
    bob.stream.deliver(Uint8Array.from([...good, ...framed(Uint8Array.of(9)), ...good]))
    expect(bob.received).toEqual([envelope(1)])
    bob.stream.deliver(good)
    expect(bob.received).toHaveLength(1)
  })

  test('any bytes in any pieces: no throw, and nothing but whole envelopes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const [stream] = streamPair()
        const end = new End(stream, clock, false)
        for (const chunk of chunks) stream.deliver(chunk)
        expect(end.received.every((bytes) => bytes.length > 0)).toBe(true)
      }),
    )
  })

  test('an answer to nothing is ignored', () => {
    alice.stream.deliver(framed(Uint8Array.of(2, ...new Uint8Array(16), 0)))
    expect(alice.link.closed).toBe(false)
  })

  test('who sends more than the window is read no further until answers have gone out', async () => {
    const commits: (() => void)[] = []
    bob.store = () => new Promise((resolve) => commits.push(() => resolve('committed')))
    for (let number = 0; number <= MAX_UNANSWERED; number += 1) {
      bob.stream.deliver(framed(encodeDirectFrame({ type: 'envelope', envelope: envelope(number) })))
    }
    expect(bob.stream.paused).toBe(true)
    bob.stream.deliver(framed(encodeDirectFrame({ type: 'envelope', envelope: envelope(9_999) })))
    expect(bob.received).toHaveLength(MAX_UNANSWERED + 1)
    commits[0]?.()
    await settled()
    expect(bob.stream.paused).toBe(true)
    expect(bob.received).toHaveLength(MAX_UNANSWERED + 2)
  })
})

describe('closing', () => {
  test('waits for the answers that are due, in both directions', async () => {
    let commit = (): void => undefined
    bob.store = () => new Promise((resolve) => (commit = () => resolve('committed')))
    const send = alice.link.send(envelope(1))
    await settled()
    const closing = alice.link.close()
    await expect(alice.link.send(envelope(2))).rejects.toSatisfy(unreachable)
    commit()
    expect(await send).toBe('committed')
    await closing
    await settled()
    expect([alice.goneCount, bob.goneCount, bob.closedCount]).toEqual([1, 1, 1])
    expect(clock.timerCount).toBe(0)
  })

  test('waits no longer than 2 s', async () => {
    bob.store = never
    const outcome = expect(alice.link.send(envelope(1))).rejects.toSatisfy(unreachable)
    await settled()
    const closing = alice.link.close()
    await settled()
    expect(alice.goneCount).toBe(0)
    clock.advance(DRAIN_WITHIN_MS)
    await outcome
    await closing
    expect([alice.goneCount, bob.goneCount]).toEqual([1, 1])
  })

  test('an envelope that could not be stored is never answered; the sender hears at once that the link is gone', async () => {
    bob.store = () => Promise.reject(new Error('disk'))
    await expect(alice.link.send(envelope(1))).rejects.toSatisfy(unreachable)
    expect(bob.bugs).toHaveLength(1)
  })
})

describe('a link that was replaced', () => {
  test('takes no more, answers what the other side sends before it knows, and ends', async () => {
    alice.link.retire()
    expect([alice.link.closed, alice.closedCount]).toEqual([true, 1])
    await expect(alice.link.send(envelope(1))).rejects.toSatisfy(unreachable)
    expect(await bob.link.send(envelope(2))).toBe('committed')
    expect(alice.received).toEqual([envelope(2)])
    clock.advance(RETIRED_STAYS_MS)
    await settled()
    expect([alice.goneCount, bob.goneCount]).toEqual([1, 1])
    expect(clock.timerCount).toBe(0)
  })

  test('ends as soon as the other side ends it', async () => {
    alice.link.retire()
    await bob.link.close()
    await settled()
    expect([alice.goneCount, bob.goneCount]).toEqual([1, 1])
    expect(clock.timerCount).toBe(0)
  })
})

test('answers and ephemeral content pass envelopes that wait for a full way', async () => {
  alice.stream.full = true
  void alice.link.send(new Uint8Array(100_000).fill(1)).catch(() => undefined)
  await settled()
  void alice.link.send(new Uint8Array(100_000).fill(2)).catch(() => undefined)
  alice.link.sendEphemeral(Uint8Array.of(7))
  alice.stream.drain()
  await settled()
  expect(alice.stream.sent.map((frame) => frame[4])).toEqual([1, 3, 1])
})
