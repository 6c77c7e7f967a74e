/** One stream of `/parley/mailbox/1`, with the relay behind it proven: requests, answers, pushes. */

import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../ports/runtime.ts'
import { verifyEd25519 } from './signatures.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { idToBytes } from '../../../shared/model/ids.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import { FramedStream } from '../../../shared/wire/framed-stream.ts'
import { decodeHelloAnswer, decodeRelayMessage } from '../../../shared/wire/relay-answers.ts'
import type { HelloAnswer, PushEntry } from '../../../shared/wire/relay-answers.ts'
import type { Refusal } from '../../../shared/wire/relay-codes.ts'
import {
  encodeRequest,
  MAILBOX_PROTOCOL,
  MAILBOX_VERSION,
  MIN_MAILBOX_VERSION,
} from '../../../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../../../shared/wire/relay-requests.ts'
import { decodeFrontEnds, frontEndsToSign } from '../../../shared/wire/relay-signed.ts'
import type { FrontEnds } from '../../../shared/wire/relay-signed.ts'
import { networkFailure } from '../failure.ts'
import type { FrontEndLists } from './front-end-lists.ts'

export const ANSWER_WITHIN_MS = 15_000

export interface LinkHandlers {
  onPush(entries: readonly PushEntry[]): void
  onStock(lookupId: Uint8Array, remaining: number): void
  /** Once, whoever ended it; `cancelled` when it was this side. */
  onClosed(code: ErrorCode): void
}

interface Waiting {
  readonly resolve: (payload: Uint8Array) => void
  readonly reject: (error: ParleyError) => void
  readonly cancelTimeout: () => void
}

export class RelayLink {
  readonly connection: Connection
  readonly #stream: FramedStream
  readonly #clock: Clock
  readonly #handlers: LinkHandlers
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #closed = false
  /** The relay reads nothing new here. */
  #stops = false
  #greeting: { readonly hello: HelloAnswer; readonly frontEnds: FrontEnds } | null = null

  private constructor(stream: FramedStream, connection: Connection, clock: Clock, handlers: LinkHandlers) {
    this.#stream = stream
    this.connection = connection
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
    { clock, lists }: { readonly clock: Clock; readonly lists: FrontEndLists },
    handlers: LinkHandlers,
  ): Promise<RelayLink> {
    const stream = await openStream(connection)
    const link = new RelayLink(new FramedStream(stream), connection, clock, handlers)
    void link.#read()
    try {
      link.#greeting = await link.#greet(expected, lists)
      return link
    } catch (error) {
      await link.close()
      throw error
    }
  }

  async #greet(expected: RelayId | null, lists: FrontEndLists) {
    const hello = await this.ask(
      { type: 'hello', minVersion: MIN_MAILBOX_VERSION, maxVersion: MAILBOX_VERSION },
      decodeHelloAnswer,
    )
    const frontEnds = provenFrontEnds(hello.frontEnds, this.connection.remotePeer.toString(), expected)
    const isKnownVersion = hello.version >= MIN_MAILBOX_VERSION && hello.version <= MAILBOX_VERSION
    if (frontEnds === null || !isKnownVersion) throw new ParleyError('relay-lying', 'front ends')
    if (!lists.accepts(frontEnds)) throw new ParleyError('relay-lying', 'an older list of front ends')
    return { hello, frontEnds }
  }

  get hello(): HelloAnswer {
    if (this.#greeting === null) throw new Error('the relay has not been greeted')
    return this.#greeting.hello
  }

  get frontEnds(): FrontEnds {
    if (this.#greeting === null) throw new Error('the relay has not been greeted')
    return this.#greeting.frontEnds
  }

  /** Nothing can be asked here any more. */
  get closed(): boolean {
    return this.#closed || this.#stops
  }

  /** @throws unsupported-version: this relay does not know that request yet */
  needsVersion(version: number, what: string): void {
    if (this.hello.version < version) throw new ParleyError('unsupported-version', what)
  }

  /** @throws the relay's refusal; unreachable | timeout | relay-lying: the answer is not what was asked for */
  async ask<T>(request: RelayRequest, decode: (payload: Uint8Array) => T): Promise<T> {
    const payload = await this.#request(request)
    try {
      return decode(payload)
    } catch (error) {
      if (!isParleyError(error, 'malformed')) throw error
      this.fail('relay-lying')
      throw new ParleyError('relay-lying', error.detail, { cause: error })
    }
  }

  /** A request whose answer says nothing but that it was carried out. */
  tell(request: RelayRequest): Promise<void> {
    return this.ask(request, (payload) => {
      if (payload.length !== 0) throw new ParleyError('malformed', 'an answer where none was asked for')
    })
  }

  async #request(request: RelayRequest): Promise<Uint8Array> {
    if (this.#closed || this.#stops) throw new ParleyError(this.#stops ? 'relay-stops' : 'unreachable', 'closed')
    const requestId = this.#nextId
    this.#nextId = (this.#nextId % 0xffffffff) + 1
    const frame = encodeRequest(requestId, request)
    const answer = this.#expect(requestId, request.type)
    try {
      await this.#stream.write(frame)
    } catch (error) {
      this.#end(networkFailure(error).code)
    }
    return answer
  }

  #expect(requestId: number, what: string): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(ANSWER_WITHIN_MS, () => {
        this.#waiting.delete(requestId)
        reject(new ParleyError('timeout', what))
      })
      this.#waiting.set(requestId, { resolve, reject, cancelTimeout })
    })
  }

  async #read(): Promise<void> {
    try {
      for await (const frame of this.#stream.frames()) this.#onFrame(frame)
      this.#end(this.#stops ? 'relay-stops' : 'unreachable')
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('relay stream'))
      const ended = this.#stops ? 'relay-stops' : 'unreachable'
      this.#end(isParleyError(error, 'malformed') ? 'relay-lying' : ended)
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
      case 'stops':
        this.#stops = true
        this.#leaveIfDone()
        return
      case 'reply':
        this.#settle(message.requestId)?.resolve(message.payload)
        return
      case 'error':
        if (message.requestId === 0) this.#end(message.refusal.code)
        else this.#settle(message.requestId)?.reject(refusalError(message.refusal))
    }
  }

  #settle(requestId: number): Waiting | undefined {
    const waiting = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    waiting?.cancelTimeout()
    if (this.#stops) this.#leaveIfDone()
    return waiting
  }

  /** What was asked before is still answered. */
  #leaveIfDone(): void {
    if (this.#waiting.size === 0) this.#end('relay-stops')
  }

  #end(code: ErrorCode): void {
    if (this.#closed) return
    this.#closed = true
    for (const requestId of [...this.#waiting.keys()]) this.#settle(requestId)?.reject(new ParleyError(code, 'closed'))
    this.#handlers.onClosed(code)
  }

  /** Ends it for a reason of this side's. */
  fail(code: ErrorCode): void {
    this.#stream.abort(new Error(code))
    this.#end(code)
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

/** Null: not the list of the relay that is wanted, not signed by it, or it does not name who answered. */
function provenFrontEnds(signedList: Uint8Array, remotePeer: string, expected: RelayId | null): FrontEnds | null {
  try {
    const { list, body, signature } = decodeFrontEnds(signedList)
    const proven =
      (expected === null || list.relayId === expected) &&
      list.peers.includes(remotePeer) &&
      verifyEd25519(idToBytes(list.relayId), frontEndsToSign(body), signature)
    return proven ? list : null
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}

export function refusalError({ code, retryAfterSeconds }: Refusal): ParleyError {
  return new ParleyError(code, retryAfterSeconds === 0 ? 'relay' : `relay: again in ${retryAfterSeconds} s`)
}
