/** What the clients of other servers share: TLS sockets that hand out what arrives, and a window of unanswered messages. */
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WrongResult } from './harness.ts'
import type { Numbered } from './relay-work.ts'

const HOST = '127.0.0.1'

export const openTcp = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp(port, HOST, () => {
      resolve(socket)
    })
    socket.setNoDelay(true)
    socket.once('error', reject)
  })

/** The certificate is the benchmark's own. */
export const toTls = (socket: Socket): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const secure = connectTls({ socket, rejectUnauthorized: false }, () => {
      resolve(secure)
    })
    secure.once('error', reject)
  })

export const openTls = async (port: number): Promise<Socket> => toTls(await openTcp(port))

/** Bytes that arrived and were not taken. */
export class Arrived {
  #bytes: Buffer = Buffer.alloc(0)
  #onMore: (() => void) | null = null
  #ended = false

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    socket.on('close', end)
    socket.on('error', end)
  }

  #wake(): void {
    this.#onMore?.()
    this.#onMore = null
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  take(count: number): void {
    this.#bytes = this.#bytes.subarray(count)
  }

  /** @throws WrongResult when there will be no more */
  async more(): Promise<void> {
    if (this.#ended) throw new WrongResult('the server closed')
    await new Promise<void>((resolve) => {
      this.#onMore = resolve
    })
  }

  /** Takes everything up to and with `text`. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#bytes.indexOf(text)
      if (at >= 0) {
        const found = this.#bytes.subarray(0, at + text.length).toString()
        this.take(at + text.length)
        return found
      }
      await this.more()
    }
  }
}

/** Sends batch after batch, as long as no more than `outstanding` messages are unanswered; resolves with the last answer. */
export const windowed = (
  batches: readonly (readonly Numbered[])[],
  outstanding: number,
  send: (batch: readonly Numbered[], index: number) => void,
): { readonly done: Promise<void>; readonly answered: (count: number) => void } => {
  let unanswered = 0
  let next = 0
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const sendMore = (): void => {
    for (let batch = batches[next]; batch !== undefined; batch = batches[next]) {
      if (unanswered + batch.length > outstanding) return
      unanswered += batch.length
      send(batch, next)
      next += 1
    }
    if (unanswered === 0) finish()
  }
  sendMore()
  return {
    done,
    answered: (count) => {
      unanswered -= count
      sendMore()
    },
  }
}
