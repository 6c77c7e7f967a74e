/**
 * Frames on a byte stream: `u32 length ‖ body`, 1 to 262,144 bytes each. Knows no library, only the shape of a stream.
 * Reading holds back: who does not read makes the other side wait, and costs no more than one window of memory.
 */

import { ParleyError } from '../errors.ts'

export const MAX_FRAME_BYTES = 262_144
const LENGTH_BYTES = 4
/** Received and not read: from here on the other side is made to wait. */
const PAUSE_ABOVE_BYTES = 262_144

/** What is used of a libp2p stream. */
export interface ByteStream {
  /** False: the buffer is full, wait for `onDrain`. @throws when the stream is closed */
  send(bytes: Uint8Array): boolean
  onDrain(): Promise<void>
  pause(): void
  resume(): void
  close(): Promise<void>
  abort(error: Error): void
  addEventListener(type: 'message', listener: (event: { readonly data: { subarray(): Uint8Array } }) => void): void
  addEventListener(type: 'remoteCloseWrite', listener: () => void): void
  addEventListener(type: 'close', listener: (event: { readonly error?: unknown }) => void): void
}

/** Cuts what arrives into frames, holding no more than one unfinished frame. */
export class FrameSplitter {
  readonly #maxFrameBytes: number
  #chunks: Uint8Array[] = []
  #buffered = 0

  constructor(maxFrameBytes: number = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** @throws malformed: an empty frame, or one beyond the limit */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.add(chunk)
    for (let frame = this.next(); frame !== null; frame = this.next()) yield frame
  }

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    // Node's sockets hand out Buffers, whose `slice` shares memory where a Uint8Array's copies.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#buffered += chunk.length
  }

  /** Null: the next frame is not whole yet. @throws malformed: an empty frame, or one beyond the limit */
  next(): Uint8Array | null {
    if (this.#buffered < LENGTH_BYTES) return null
    const head = this.#peek(LENGTH_BYTES)
    const length = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES).getUint32(0)
    if (length === 0 || length > this.#maxFrameBytes) throw new ParleyError('malformed', `a frame of ${length} bytes`)
    if (this.#buffered < LENGTH_BYTES + length) return null
    const frame = this.#peek(LENGTH_BYTES + length).slice(LENGTH_BYTES, LENGTH_BYTES + length)
    this.#drop(LENGTH_BYTES + length)
    return frame
  }

  /** Takes what is left: what follows the last frame on a stream that goes on without frames. */
  rest(): readonly Uint8Array[] {
    const rest = this.#chunks
    this.#chunks = []
    this.#buffered = 0
    return rest
  }

  /** At least `count` bytes in one piece. */
  #peek(count: number): Uint8Array {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= count) return first
    const joined = new Uint8Array(this.#buffered)
    let at = 0
    for (const chunk of this.#chunks) {
      joined.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [joined]
    return joined
  }

  #drop(count: number): void {
    const [first, ...rest] = this.#chunks
    this.#chunks = first === undefined || first.length === count ? rest : [first.subarray(count), ...rest]
    this.#buffered -= count
  }

  /** What came of a frame that is not whole. */
  get bufferedBytes(): number {
    return this.#buffered
  }

  /** True when the stream may end here. */
  get empty(): boolean {
    return this.#buffered === 0
  }
}

/** What a stream received and nobody read yet. */
class Inbox {
  readonly #stream: ByteStream
  #chunks: Uint8Array[] = []
  #bytes = 0
  #paused = false
  #ended = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(stream: ByteStream) {
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => {
      this.#onChunk(data.subarray())
    })
    stream.addEventListener('remoteCloseWrite', () => {
      this.#end(null)
    })
    stream.addEventListener('close', ({ error }) => {
      this.#end(error instanceof Error ? error : null)
    })
  }

  #onChunk(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > PAUSE_ABOVE_BYTES && !this.#paused && !this.#ended) {
      this.#paused = true
      this.#stream.pause()
    }
    this.#notify()
  }

  #end(failure: Error | null): void {
    this.#ended = true
    this.#failure ??= failure
    this.#notify()
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = null
  }

  /** Null: the other side will send no more. @throws what broke the stream, after everything that came before */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#bytes -= chunk.length
        return chunk
      }
      // What had arrived meanwhile is handed over before this returns.
      if (this.#resumed()) continue
      if (this.#failure !== null) throw this.#failure
      if (this.#ended) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #resumed(): boolean {
    if (!this.#paused) return false
    this.#paused = false
    try {
      this.#stream.resume()
    } catch {
      // The stream ended with nothing held back.
    }
    return true
  }
}

/** One reader at a time; writes are sent in the order of their calls. */
export class FramedStream {
  readonly #stream: ByteStream
  readonly #splitter = new FrameSplitter()
  readonly #inbox: Inbox
  readonly #onHalfFrame: (bytes: number) => void
  #drained: Promise<void> | null = null

  /** `onHalfFrame` is told how much came of a frame that is not whole; 0 when it is, and at the end. */
  constructor(stream: ByteStream, onHalfFrame: (bytes: number) => void = () => undefined) {
    this.#stream = stream
    this.#onHalfFrame = onHalfFrame
    this.#inbox = new Inbox(stream)
  }

  /** In order; resolves when the stream can take more. */
  async write(body: Uint8Array): Promise<void> {
    if (body.length === 0 || body.length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${body.length} bytes`)
    const frame = new Uint8Array(LENGTH_BYTES + body.length)
    new DataView(frame.buffer).setUint32(0, body.length)
    frame.set(body, LENGTH_BYTES)
    await this.writeRaw(frame)
  }

  /** Bytes with no frame around them: the rest of a blob stream. */
  async writeRaw(bytes: Uint8Array): Promise<void> {
    if (this.#stream.send(bytes)) return
    this.#drained ??= this.#stream.onDrain().finally(() => {
      this.#drained = null
    })
    await this.#drained
  }

  /** Null: the other side closed. @throws malformed: no frame, or the end inside of one */
  async nextFrame(): Promise<Uint8Array | null> {
    try {
      return await this.#wholeFrame()
    } finally {
      this.#onHalfFrame(0)
    }
  }

  async #wholeFrame(): Promise<Uint8Array | null> {
    for (;;) {
      const frame = this.#splitter.next()
      if (frame !== null) return frame
      if (!this.#splitter.empty) this.#onHalfFrame(this.#splitter.bufferedBytes)
      const chunk = await this.#inbox.next()
      if (chunk === null) {
        if (!this.#splitter.empty) throw new ParleyError('malformed', 'ends inside a frame')
        return null
      }
      this.#splitter.add(chunk)
    }
  }

  /** Ends when the other side closed. @throws malformed */
  async *frames(): AsyncGenerator<Uint8Array> {
    for (let frame = await this.nextFrame(); frame !== null; frame = await this.nextFrame()) yield frame
  }

  /** What follows the last frame that was read, unframed, until the other side closes. */
  async *rawRest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield* this.#splitter.rest()
      const chunk = await this.#inbox.next()
      if (chunk === null) return
      this.#splitter.add(chunk)
    }
  }

  async close(): Promise<void> {
    await this.#stream.close()
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }
}
