/** Frames on a byte stream: `u32 length ‖ body`, 1 to 262,144 bytes each. Knows no library: any stream of this shape will do. */

import { ParleyError } from '../errors.ts'

export const MAX_FRAME_BYTES = 262_144
const LENGTH_BYTES = 4

/** What is used of a libp2p stream. */
export interface ByteStream extends AsyncIterable<{ subarray(): Uint8Array }> {
  /** False: the buffer is full, wait for `onDrain`. */
  send(bytes: Uint8Array): boolean
  onDrain(): Promise<void>
  close(): Promise<void>
  abort(error: Error): void
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
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    for (;;) {
      if (this.#buffered < LENGTH_BYTES) return
      const head = this.#peek(LENGTH_BYTES)
      const length = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES).getUint32(0)
      if (length === 0 || length > this.#maxFrameBytes) throw new ParleyError('malformed', `a frame of ${length} bytes`)
      if (this.#buffered < LENGTH_BYTES + length) return
      yield this.#peek(LENGTH_BYTES + length).slice(LENGTH_BYTES, LENGTH_BYTES + length)
      this.#drop(LENGTH_BYTES + length)
    }
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

  /** True when the stream may end here. */
  get empty(): boolean {
    return this.#buffered === 0
  }
}

export class FramedStream {
  readonly #stream: ByteStream
  readonly #splitter = new FrameSplitter()
  #drained: Promise<void> | null = null

  constructor(stream: ByteStream) {
    this.#stream = stream
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

  /** Ends when the other side closed. @throws malformed when it ends inside a frame */
  async *frames(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#stream) yield* this.#splitter.push(chunk.subarray())
    if (!this.#splitter.empty) throw new ParleyError('malformed', 'ends inside a frame')
  }

  async close(): Promise<void> {
    await this.#stream.close()
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }
}
