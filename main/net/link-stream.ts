/** What a link needs of a libp2p stream, so that its rules can be tested without a network. */

import type { Stream } from '@libp2p/interface'

export interface LinkStream {
  /** False: the buffer is full, wait for `onDrain`. @throws when the stream is closed */
  send(bytes: Uint8Array): boolean
  onDrain(): Promise<void>
  /** Stops reading; what the other side sends stays on its side. */
  pause(): void
  resume(): void
  /** Ends the own direction after what was sent has left. */
  close(): Promise<void>
  abort(error: Error): void
  listen(events: LinkStreamEvents): void
}

export interface LinkStreamEvents {
  onData(chunk: Uint8Array): void
  /** The other side sends no more. */
  onRemoteEnd(): void
  /** Both directions are gone, in whatever way. */
  onClosed(): void
}

export function linkStreamOf(stream: Stream): LinkStream {
  return {
    send: (bytes) => stream.send(bytes),
    onDrain: () => stream.onDrain(),
    pause: () => {
      stream.pause()
    },
    resume: () => {
      stream.resume()
    },
    close: () => stream.close(),
    abort: (error) => {
      stream.abort(error)
    },
    listen: (events) => {
      stream.addEventListener('close', () => {
        events.onClosed()
      })
      stream.addEventListener('remoteCloseWrite', () => {
        events.onRemoteEnd()
      })
      stream.addEventListener('message', (event) => {
        const chunk = event.data.subarray()
        // a Buffer's own slice() shares memory where a Uint8Array's copies
        events.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      })
    },
  }
}
