/** Writes frames in two lanes: answers, pings and ephemeral ones pass waiting envelopes. Holds to the stream's back-pressure. */

import type { LinkStream } from './link-stream.ts'

/** Small frames leave together, up to this many bytes. */
const BATCH_BYTES = 65_536
/** Ephemeral frames are dropped while more than this waits: late typing is worth nothing. */
const MAX_URGENT_WAITING = 1_024
const LENGTH_BYTES = 4

export class FrameWriter {
  readonly #stream: LinkStream
  readonly #onProgress: () => void
  readonly #urgent: Uint8Array[] = []
  readonly #bulk: Uint8Array[] = []
  #running = false
  #broken = false
  #whenIdle: (() => void)[] = []

  /** @param onProgress the network took bytes after it had been full */
  constructor(stream: LinkStream, onProgress: () => void) {
    this.#stream = stream
    this.#onProgress = onProgress
  }

  urgent(body: Uint8Array): void {
    this.#urgent.push(body)
    this.#kick()
  }

  /** Like `urgent`, but lost when the way is full. */
  fleeting(body: Uint8Array): void {
    if (this.#urgent.length < MAX_URGENT_WAITING) this.urgent(body)
  }

  bulk(body: Uint8Array): void {
    this.#bulk.push(body)
    this.#kick()
  }

  /** Resolves when nothing waits any more, or never will leave. */
  idle(): Promise<void> {
    if (!this.#running || this.#broken) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** The stream is gone: nothing that waits will leave. */
  stop(): void {
    this.#broken = true
    this.#urgent.length = 0
    this.#bulk.length = 0
    this.#settle()
  }

  #kick(): void {
    if (this.#running || this.#broken) return
    this.#running = true
    // after the caller's turn, so that what it sends at once leaves together
    queueMicrotask(() => {
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    try {
      for (let batch = this.#nextBatch(); batch !== null; batch = this.#nextBatch()) {
        if (this.#stream.send(batch)) continue
        await this.#stream.onDrain()
        this.#onProgress()
      }
      this.#settle()
    } catch {
      // the stream closed; its own event tells the link
      this.stop()
    }
  }

  #settle(): void {
    this.#running = false
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }

  #nextBatch(): Uint8Array | null {
    const bodies: Uint8Array[] = []
    let bytes = 0
    for (;;) {
      const lane = this.#urgent.length > 0 ? this.#urgent : this.#bulk
      const [body] = lane
      if (body === undefined || (bodies.length > 0 && bytes + LENGTH_BYTES + body.length > BATCH_BYTES)) break
      lane.shift()
      bodies.push(body)
      bytes += LENGTH_BYTES + body.length
    }
    return bodies.length === 0 ? null : joinFrames(bodies, bytes)
  }
}

function joinFrames(bodies: readonly Uint8Array[], totalBytes: number): Uint8Array {
  const joined = new Uint8Array(totalBytes)
  const view = new DataView(joined.buffer)
  let at = 0
  for (const body of bodies) {
    view.setUint32(at, body.length)
    joined.set(body, at + LENGTH_BYTES)
    at += LENGTH_BYTES + body.length
  }
  return joined
}
