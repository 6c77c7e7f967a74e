/** Two ends of a stream in memory, for tests of what runs on top: delivers at once, can be cut and clogged. */

import type { LinkStream, LinkStreamEvents } from '../link-stream.ts'

export class MemoryStream implements LinkStream {
  peer: MemoryStream | null = null
  /** True: what is sent vanishes, as over a cable that was pulled. */
  cut = false
  /** True: `send` says that the way is full. */
  full = false
  aborted: Error | null = null
  paused = false
  readonly sent: Uint8Array[] = []
  #events: LinkStreamEvents | null = null
  #held: Uint8Array[] = []
  #ended = false
  #remoteEnded = false
  #gone = false
  #drain: (() => void) | null = null

  listen(events: LinkStreamEvents): void {
    this.#events = events
    this.#flush()
  }

  send(bytes: Uint8Array): boolean {
    if (this.#gone || this.#ended) throw new Error('closed')
    this.sent.push(bytes)
    if (!this.cut) this.peer?.deliver(bytes)
    return !this.full
  }

  onDrain(): Promise<void> {
    return this.full ? new Promise((resolve) => (this.#drain = resolve)) : Promise.resolve()
  }

  drain(): void {
    this.full = false
    this.#drain?.()
    this.#drain = null
  }

  /** As if the other side had sent it. */
  deliver(bytes: Uint8Array): void {
    this.#held.push(bytes)
    this.#flush()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.#flush()
  }

  close(): Promise<void> {
    this.#ended = true
    if (!this.cut) this.peer?.remoteEnd()
    this.#endIfBoth()
    return Promise.resolve()
  }

  remoteEnd(): void {
    this.#remoteEnded = true
    this.#events?.onRemoteEnd()
    this.#endIfBoth()
  }

  abort(error: Error): void {
    if (this.#gone) return
    this.aborted = error
    const { peer } = this
    this.#end()
    if (!this.cut && peer !== null) peer.abort(error)
  }

  #endIfBoth(): void {
    if (this.#ended && this.#remoteEnded) this.#end()
  }

  #end(): void {
    if (this.#gone) return
    this.#gone = true
    this.#events?.onClosed()
  }

  #flush(): void {
    while (this.#events !== null && !this.paused && !this.#gone) {
      const chunk = this.#held.shift()
      if (chunk === undefined) return
      this.#events.onData(chunk)
    }
  }
}

export function streamPair(): readonly [MemoryStream, MemoryStream] {
  const [a, b] = [new MemoryStream(), new MemoryStream()]
  a.peer = b
  b.peer = a
  return [a, b]
}
