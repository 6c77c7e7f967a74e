/** The mailbox streams that are open: let in, and at the end answered and let go. */

import type { MailboxStream } from './mailbox-stream.ts'

type OpenStream = Pick<MailboxStream, 'run' | 'drain' | 'turnAway'>

export class OpenStreams {
  readonly #streams = new Set<OpenStream>()
  #draining = false

  get count(): number {
    return this.#streams.size
  }

  /** While the relay stops, whoever comes finds another front end sooner than this one. */
  serve(stream: OpenStream): void {
    if (this.#draining) {
      stream.turnAway()
      return
    }
    this.#streams.add(stream)
    void stream.run().finally(() => this.#streams.delete(stream))
  }

  /** What is under way is answered; nothing new is taken. */
  async drain(): Promise<void> {
    this.#draining = true
    await Promise.allSettled([...this.#streams].map((stream) => stream.drain()))
  }
}
