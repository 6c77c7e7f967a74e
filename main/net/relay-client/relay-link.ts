/** One stream of `/parley/mailbox/1`, with the relay behind it proven: requests, answers, pushes. */

import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../ports/runtime.ts'
import { verifyEd25519, type Ed25519Verify } from './signatures.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { idToBytes } from '../../../shared/model/ids.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import { FramedStream } from '../../../shared/wire/framed-stream.ts'
import {
  decodeHelloAnswer,
  decodeRelayMessage,
  encodeRequest,
  MAILBOX_PROTOCOL,
  MAILBOX_VERSION,
} from '../../../shared/wire/relay-frames.ts'
import type { HelloAnswer, PushEntry, RelayRequest } from '../../../shared/wire/relay-frames.ts'
import { decodeFrontEnds, frontEndsToSign } from '../../../shared/wire/relay-signed.ts'
import type { FrontEnds } from '../../../shared/wire/relay-signed.ts'
import { networkFailure } from '../failure.ts'

const ANSWER_WITHIN_MS = 15_000

export interface LinkHandlers {
  onPush(entries: readonly PushEntry[]): void
  onStock(lookupId: Uint8Array, remaining: number): void
  onClosed(code: ErrorCode): void
}

interface Waiting {
  readonly resolve: (payload: Uint8Array) => void
  readonly reject: (error: ParleyError) => void
  readonly cancelTimeout: () => void
}

export class RelayLink {
  readonly #stream: FramedStream
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #handlers: LinkHandlers
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #closed = false
  #hello: HelloAnswer | null = null
  #frontEnds: FrontEnds | null = null

  private constructor(stream: FramedStream, connection: Connection, clock: Clock, handlers: LinkHandlers) {
    this.#stream = stream
    this.#connection = connection
    this.#clock = clock
    this.#handlers = handlers
  }

  /**
   * Opens the stream and checks who answers: the signed list must be that relay's and name the PeerId that the
   * connection proved. @throws unreachable | timeout | relay-lying | unsupported-version
   */
  static async open(
    connection: Connection,
    expected: RelayId | null,
    options: { readonly clock: Clock; readonly handlers: LinkHandlers; readonly verify?: Ed25519Verify },
  ): Promise<RelayLink> {
    const stream = await openStream(connection)
    const link = new RelayLink(new FramedStream(stream), connection, options.clock, options.handlers)
    void link.#read()
    try {
      await link.#greet(expected, options.verify ?? verifyEd25519)
      return link
    } catch (error) {
      await link.close()
      throw error
    }
  }

  async #greet(expected: RelayId | null, verify: Ed25519Verify): Promise<void> {
    const payload = await this.request({ type: 'hello', minVersion: MAILBOX_VERSION, maxVersion: MAILBOX_VERSION })
    try {
      const hello = decodeHelloAnswer(payload)
      const { list, body, signature } = decodeFrontEnds(hello.frontEnds)
      const proven =
        (expected === null || list.relayId === expected) &&
        list.peers.includes(this.#connection.remotePeer.toString()) &&
        verify(idToBytes(list.relayId), frontEndsToSign(body), signature)
      if (!proven) throw new ParleyError('relay-lying', 'front ends')
      this.#hello = hello
      this.#frontEnds = list
    } catch (error) {
      if (!isParleyError(error, 'malformed')) throw error
      throw new ParleyError('relay-lying', error.detail, { cause: error })
    }
  }

  get hello(): HelloAnswer {
    if (this.#hello === null) throw new Error('the relay has not been greeted')
    return this.#hello
  }

  get frontEnds(): FrontEnds {
    if (this.#frontEnds === null) throw new Error('the relay has not been greeted')
    return this.#frontEnds
  }

  get connection(): Connection {
    return this.#connection
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @throws the relay's code; unreachable | timeout */
  async request(request: RelayRequest): Promise<Uint8Array> {
    if (this.#closed) throw new ParleyError('unreachable', 'closed')
    const requestId = this.#nextId
    this.#nextId = (this.#nextId % 0xffffffff) + 1
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(ANSWER_WITHIN_MS, () => {
        this.#waiting.delete(requestId)
        reject(new ParleyError('timeout', request.type))
      })
      this.#waiting.set(requestId, { resolve, reject, cancelTimeout })
    })
    try {
      await this.#stream.write(encodeRequest(requestId, request))
    } catch (error) {
      this.#end('unreachable')
      // The answer's rejection says the same.
      await answer.catch(() => undefined)
      throw networkFailure(error)
    }
    return answer
  }

  async #read(): Promise<void> {
    try {
      for await (const frame of this.#stream.frames()) this.#onFrame(frame)
      this.#end('unreachable')
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('relay stream'))
      this.#end(isParleyError(error, 'malformed') ? 'relay-lying' : 'unreachable')
    }
  }

  #onFrame(frame: Uint8Array): void {
    const message = decodeRelayMessage(frame)
    switch (message.type) {
      case 'push':
        this.#handlers.onPush(message.entries)
        return
      case 'stock':
        this.#handlers.onStock(message.lookupId, message.remaining)
        return
      case 'reply':
        this.#settle(message.requestId)?.resolve(message.payload)
        return
      case 'error':
        this.#settle(message.requestId)?.reject(new ParleyError(message.code, 'relay'))
    }
  }

  #settle(requestId: number): Waiting | undefined {
    const waiting = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    waiting?.cancelTimeout()
    return waiting
  }

  #end(code: ErrorCode): void {
    if (this.#closed) return
    this.#closed = true
    for (const requestId of [...this.#waiting.keys()]) this.#settle(requestId)?.reject(new ParleyError(code, 'closed'))
    this.#handlers.onClosed(code)
  }

  async close(): Promise<void> {
    this.#end('cancelled')
    try {
      await this.#stream.close()
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('close'))
    }
  }
}

async function openStream(connection: Connection) {
  try {
    return await connection.newStream(MAILBOX_PROTOCOL)
  } catch (error) {
    throw networkFailure(error)
  }
}
