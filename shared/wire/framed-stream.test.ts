import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isParleyError } from '../errors.ts'
import { concatBytes } from './bytes.ts'
import { FramedStream, FrameSplitter, MAX_FRAME_BYTES } from './framed-stream.ts'
import type { ByteStream } from './framed-stream.ts'

const framed = (body: Uint8Array): Uint8Array => {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, body.length)
  return concatBytes(head, body)
}

/** A stream as libp2p behaves: what comes while it is paused waits, and is handed over inside `resume`. */
class FakeStream implements ByteStream {
  readonly sent: Uint8Array[] = []
  paused = false
  #held: Uint8Array[] = []
  readonly #listeners: { type: string; call: (event: { data: Uint8Array; error?: unknown }) => void }[] = []

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes)
    return true
  }
  onDrain = (): Promise<void> => Promise.resolve()
  close = (): Promise<void> => Promise.resolve()
  abort(): void {}
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
    for (const chunk of this.#held.splice(0)) this.receive(chunk)
  }
  addEventListener(type: string, call: (event: never) => void): void {
    this.#listeners.push({ type, call: call as (event: { data: Uint8Array; error?: unknown }) => void })
  }
  emit(type: 'remoteCloseWrite' | 'close', error?: Error): void {
    const event = { data: new Uint8Array(), ...(error === undefined ? {} : { error }) }
    for (const listener of this.#listeners) if (listener.type === type) listener.call(event)
  }
  receive(chunk: Uint8Array): void {
    if (this.paused) this.#held.push(chunk)
    else for (const { type, call } of this.#listeners) if (type === 'message') call({ data: chunk })
  }
}

describe('FrameSplitter', () => {
  test('finds the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }),
        (bodies, cuts) => {
          const all = concatBytes(...bodies.map(framed))
          const splitter = new FrameSplitter()
          const found: Uint8Array[] = []
          for (let at = 0, cut = 0; at < all.length; cut++) {
            const size = cuts[cut % cuts.length] ?? 1
            found.push(...splitter.push(all.slice(at, at + size)))
            at += size
          }
          expect(found).toEqual(bodies)
          expect(splitter.empty).toBe(true)
        },
      ),
    )
  })

  test('refuses an empty frame and one beyond the limit by their length alone', () => {
    const lengths = [0, MAX_FRAME_BYTES + 1, 0xffffffff]
    for (const length of lengths) {
      const head = new Uint8Array(4)
      new DataView(head.buffer).setUint32(0, length)
      expect(() => [...new FrameSplitter().push(head)]).toThrow('malformed')
    }
    expect([...new FrameSplitter().push(framed(new Uint8Array(MAX_FRAME_BYTES)))]).toHaveLength(1)
  })
})

describe('FramedStream', () => {
  test('makes the other side wait while nobody reads, and loses nothing', async () => {
    const stream = new FakeStream()
    const reader = new FramedStream(stream)
    const bodies = Array.from({ length: 40 }, (_, index) => new Uint8Array(20_000).fill(index))
    for (const body of bodies) stream.receive(framed(body))
    expect(stream.paused).toBe(true)
    stream.emit('remoteCloseWrite')
    const read: Uint8Array[] = []
    for await (const frame of reader.frames()) read.push(frame)
    expect(read).toEqual(bodies)
  })

  test('gives out what came before the stream broke, then the failure', async () => {
    const stream = new FakeStream()
    const reader = new FramedStream(stream)
    stream.receive(framed(Uint8Array.of(1)))
    stream.emit('close', new Error('reset'))
    expect(await reader.nextFrame()).toEqual(Uint8Array.of(1))
    await expect(reader.nextFrame()).rejects.toThrow('reset')
  })

  test('an end inside a frame is malformed', async () => {
    const stream = new FakeStream()
    const reader = new FramedStream(stream)
    stream.receive(framed(Uint8Array.of(1, 2, 3)).slice(0, 5))
    stream.emit('remoteCloseWrite')
    await expect(reader.nextFrame()).rejects.toSatisfy((error) => isParleyError(error, 'malformed'))
  })

  test('what follows a frame can be read without frames', async () => {
    const stream = new FakeStream()
    const reader = new FramedStream(stream)
    stream.receive(concatBytes(framed(Uint8Array.of(7)), Uint8Array.of(1, 2)))
    expect(await reader.nextFrame()).toEqual(Uint8Array.of(7))
    stream.receive(Uint8Array.of(3))
    stream.emit('remoteCloseWrite')
    const rest: number[] = []
    for await (const chunk of reader.rawRest()) rest.push(...chunk)
    expect(rest).toEqual([1, 2, 3])
  })

  test('writes length and body, and no frame that nobody would take', async () => {
    const stream = new FakeStream()
    const writer = new FramedStream(stream)
    await writer.write(Uint8Array.of(9, 8))
    expect(stream.sent).toEqual([Uint8Array.of(0, 0, 0, 2, 9, 8)])
    await expect(writer.write(new Uint8Array())).rejects.toThrow(RangeError)
    await expect(writer.write(new Uint8Array(MAX_FRAME_BYTES + 1))).rejects.toThrow(RangeError)
  })
})
