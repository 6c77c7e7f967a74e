/** One stream of `/parley/direct/1`: envelopes out with their answers, envelopes in, and the heartbeat that finds a dead path. */

import { createHash, randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import type { BlobDownload } from '../ports/relay.ts'
import type { DirectHandlers, DirectLink } from '../ports/direct.ts'
import type { Clock } from '../ports/runtime.ts'
import type { DirectTransport } from '../../shared/model/chat.ts'
import type { BlobId, EnvelopeId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { equalBytes } from '../../shared/wire/bytes.ts'
import { decodeDirectFrame, encodeDirectFrame } from '../../shared/wire/direct-frames.ts'
import type { DirectFrame } from '../../shared/wire/direct-frames.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import type { ByteStream } from '../../shared/wire/framed-stream.ts'
import { ParleyError } from '../../shared/errors.ts'
import { downloadBlob } from './relay-client/blob-transfer.ts'
import { transportOf } from './transport-name.ts'

const IDLE_PING_MS = 30_000
/** An unanswered envelope makes the path suspect. */
const SUSPECT_AFTER_MS = 3_000
const PONG_WITHIN_MS = 4_000
/** Unanswered envelopes of the other side that are under way here. */
const MAX_UNANSWERED = 256

interface Waiting {
  readonly resolve: (answer: 'committed' | 'refused') => void
  readonly reject: (error: ParleyError) => void
}

export interface LinkParts {
  readonly stream: ByteStream
  readonly connection: Connection
  readonly peerKey: Uint8Array
  readonly clock: Clock
  readonly handlers: DirectHandlers
  readonly onClosed: (link: StreamLink) => void
}

export class StreamLink implements DirectLink {
  readonly peerKey: Uint8Array
  readonly transport: DirectTransport
  readonly connection: Connection
  readonly #stream: FramedStream
  readonly #clock: Clock
  readonly #handlers: DirectHandlers
  readonly #onClosed: (link: StreamLink) => void
  readonly #waiting = new Map<EnvelopeId, Waiting[]>()
  #closed = false
  #taking = 0
  #resume: (() => void) | null = null
  #cancelHeartbeat: (() => void) | null = null
  #cancelSuspicion: (() => void) | null = null
  #pingNonce: Uint8Array | null = null

  constructor(parts: LinkParts) {
    this.peerKey = parts.peerKey
    this.connection = parts.connection
    this.transport = transportOf(parts.connection.remoteAddr.toString())
    this.#stream = new FramedStream(parts.stream)
    this.#clock = parts.clock
    this.#handlers = parts.handlers
    this.#onClosed = parts.onClosed
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Begins to read; separate from the constructor so that the owner knows the link before its first frame. */
  start(): void {
    this.#beat(IDLE_PING_MS)
    void this.#read()
  }

  send(envelope: Uint8Array): Promise<'committed' | 'refused'> {
    if (this.#closed) return Promise.reject(new ParleyError('unreachable', 'link closed'))
    const envelopeId = envelopeIdOf(envelope)
    const answer = new Promise<'committed' | 'refused'>((resolve, reject) => {
      const waiting = this.#waiting.get(envelopeId) ?? []
      waiting.push({ resolve, reject })
      this.#waiting.set(envelopeId, waiting)
    })
    this.#write({ type: 'envelope', envelope })
    this.#suspectSoon()
    return answer
  }

  sendEphemeral(envelope: Uint8Array): void {
    if (!this.#closed) this.#write({ type: 'ephemeral', envelope })
  }

  getBlob(
    request: { readonly blobId: BlobId; readonly readCapability: Uint8Array; readonly offset: number },
    signal: AbortSignal,
  ): Promise<BlobDownload | null> {
    return downloadBlob(this.connection, request, signal)
  }

  #write(frame: DirectFrame): void {
    this.#stream.write(encodeDirectFrame(frame)).catch((error: unknown) => {
      this.#end(error)
    })
  }

  async #read(): Promise<void> {
    try {
      for await (const body of this.#stream.frames()) {
        this.#beat(IDLE_PING_MS)
        await this.#onFrame(decodeDirectFrame(body))
      }
      this.#end(null)
    } catch (error) {
      this.#end(error)
    }
  }

  async #onFrame(frame: DirectFrame): Promise<void> {
    switch (frame.type) {
      case 'envelope':
        await this.#room()
        this.#taking += 1
        void this.#take(frame.envelope)
        return
      case 'answer':
        this.#settle(frame.envelopeId, frame.committed ? 'committed' : 'refused')
        return
      case 'ephemeral':
        this.#handlers.onEphemeral(this, frame.envelope)
        return
      case 'ping':
        this.#write({ type: 'pong', nonce: frame.nonce })
        return
      case 'pong':
        if (this.#pingNonce !== null && equalBytes(this.#pingNonce, frame.nonce)) this.#pingNonce = null
    }
  }

  /** Reading stops while too much is unanswered: that is the flow control. */
  #room(): Promise<void> {
    if (this.#taking < MAX_UNANSWERED) return Promise.resolve()
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  async #take(envelope: Uint8Array): Promise<void> {
    try {
      const taken = await this.#handlers.onEnvelope(this, envelope)
      this.#write({ type: 'answer', envelopeId: envelopeIdOf(envelope), committed: taken === 'committed' })
    } catch (error) {
      // Not taken (a full disk): the sender gets no answer and keeps it.
      if (!(error instanceof ParleyError)) throw error
    } finally {
      this.#taking -= 1
      this.#resume?.()
      this.#resume = null
    }
  }

  #settle(envelopeId: EnvelopeId, answer: 'committed' | 'refused'): void {
    for (const waiting of this.#waiting.get(envelopeId) ?? []) waiting.resolve(answer)
    this.#waiting.delete(envelopeId)
    if (this.#waiting.size > 0) return
    this.#cancelSuspicion?.()
    this.#cancelSuspicion = null
  }

  #suspectSoon(): void {
    this.#cancelSuspicion ??= this.#clock.after(SUSPECT_AFTER_MS, () => {
      this.#cancelSuspicion = null
      if (this.#waiting.size > 0) this.#ping()
    })
  }

  #beat(delayMs: number): void {
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = this.#clock.after(delayMs, () => {
      this.#ping()
    })
  }

  #ping(): void {
    if (this.#closed || this.#pingNonce !== null) return
    const nonce = new Uint8Array(randomBytes(8))
    this.#pingNonce = nonce
    this.#write({ type: 'ping', nonce })
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = this.#clock.after(PONG_WITHIN_MS, () => {
      if (this.#pingNonce === nonce) this.#end(new ParleyError('timeout', 'no answer to a ping'))
    })
  }

  #end(error: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelHeartbeat?.()
    this.#cancelSuspicion?.()
    for (const list of this.#waiting.values()) {
      for (const waiting of list) waiting.reject(new ParleyError('unreachable', 'link closed'))
    }
    this.#waiting.clear()
    if (error === null) void this.#closeQuietly()
    else this.#stream.abort(error instanceof Error ? error : new Error('link'))
    this.#onClosed(this)
  }

  async #closeQuietly(): Promise<void> {
    try {
      await this.#stream.close()
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('close'))
    }
  }

  close(): Promise<void> {
    this.#end(null)
    return Promise.resolve()
  }
}

function envelopeIdOf(envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(new Uint8Array(createHash('sha256').update(envelope).digest().subarray(0, 16)))
}
