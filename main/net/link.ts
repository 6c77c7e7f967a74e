/** One `/parley/direct/1` stream: envelopes with answers, flow control, pings (docs/protocol/direct.md). */

import { createHash } from 'node:crypto'
import type { DirectLink } from '../ports/direct.ts'
import type { BlobDownload } from '../ports/relay.ts'
import type { Clock } from '../ports/runtime.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { DirectTransport } from '../../shared/model/chat.ts'
import type { BlobId, EnvelopeId } from '../../shared/model/ids.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { ByteWriter, equalBytes } from '../../shared/wire/bytes.ts'
import {
  decodeDirectFrame,
  encodeDirectFrame,
  MAX_DIRECT_ENVELOPE_BYTES,
  MAX_EPHEMERAL_BYTES,
} from '../../shared/wire/direct-frames.ts'
import type { DirectFrame } from '../../shared/wire/direct-frames.ts'
import { FrameSplitter } from '../../shared/wire/framed-stream.ts'
import { FrameWriter } from './frame-writer.ts'
import type { LinkStream } from './link-stream.ts'
import { Liveness } from './liveness.ts'

/** Envelopes of one direction that may be without an answer. */
export const MAX_UNANSWERED = 256
/** A link that is closed waits this long for outstanding answers. */
export const DRAIN_WITHIN_MS = 2_000
/** A link that was replaced is read this long: the other side may learn later which one is sent on. */
export const RETIRED_STAYS_MS = 2_000

export interface LinkEvents {
  onEnvelope(link: Link, envelope: Uint8Array): Promise<'committed' | 'refused'>
  onEphemeral(link: Link, envelope: Uint8Array): void
  /** Once: it takes no more envelopes. Outstanding answers may still come. */
  onClosed(link: Link): void
  /** Once: the stream is gone, in both directions. */
  onGone(link: Link): void
  /** A handler failed in a way that nobody expected. */
  onBug(error: unknown): void
}

export interface BlobRequestParts {
  readonly blobId: BlobId
  readonly readCapability: Uint8Array
  readonly offset: number
}

export interface LinkParts {
  readonly stream: LinkStream
  readonly clock: Clock
  readonly peerKey: Uint8Array
  readonly transport: DirectTransport
  /** True: this device opened the stream. */
  readonly openedHere: boolean
  readonly events: LinkEvents
  readonly getBlob: (request: BlobRequestParts, signal: AbortSignal) => Promise<BlobDownload | null>
}

interface PendingSend {
  readonly envelopeId: EnvelopeId
  readonly envelope: Uint8Array
  readonly promise: Promise<'committed' | 'refused'>
  readonly resolve: (result: 'committed' | 'refused') => void
  readonly reject: (error: ParleyError) => void
  sentAtMs: number
}

export class Link implements DirectLink {
  readonly peerKey: Uint8Array
  readonly transport: DirectTransport
  readonly openedHere: boolean
  readonly getBlob: LinkParts['getBlob']
  readonly #stream: LinkStream
  readonly #clock: Clock
  readonly #events: LinkEvents
  readonly #splitter = new FrameSplitter()
  readonly #writer: FrameWriter
  readonly #liveness: Liveness
  readonly #pending = new Map<EnvelopeId, PendingSend>()
  readonly #waiting = new Map<EnvelopeId, PendingSend>()
  readonly #probes = new Set<(alive: boolean) => void>()
  #unansweredHere = 0
  #paused = false
  #pingCount = 0
  #state: 'open' | 'draining' | 'gone' = 'open'
  #abortReason: ParleyError | null = null
  #cancelRetirement: (() => void) | null = null
  #whenDrained: (() => void)[] = []
  #whenGone: (() => void)[] = []

  constructor(parts: LinkParts) {
    this.peerKey = parts.peerKey
    this.transport = parts.transport
    this.openedHere = parts.openedHere
    this.getBlob = parts.getBlob
    this.#stream = parts.stream
    this.#clock = parts.clock
    this.#events = parts.events
    this.#writer = new FrameWriter(parts.stream, () => {
      this.#liveness.roundTrip()
    })
    this.#liveness = new Liveness(parts.clock, {
      ping: () => {
        this.#ping()
      },
      dead: (reason) => {
        const code = reason === 'stuck' ? 'timeout' : 'unreachable'
        this.abort(new ParleyError(code, `the link went ${reason}`))
      },
      oldestUnansweredAtMs: () => this.#oldestUnansweredAtMs(),
    })
  }

  /** Starts reading; to be called once, after the owner knows the link. */
  open(): void {
    this.#stream.listen({
      onData: (chunk) => {
        this.#onData(chunk)
      },
      onRemoteEnd: () => {
        this.#onRemoteEnd()
      },
      onClosed: () => {
        this.#onGone(this.#abortReason ?? new ParleyError('unreachable', 'the stream closed'))
      },
    })
  }

  get closed(): boolean {
    return this.#state !== 'open'
  }

  send(envelope: Uint8Array): Promise<'committed' | 'refused'> {
    if (envelope.length === 0 || envelope.length > MAX_DIRECT_ENVELOPE_BYTES) {
      return Promise.reject(new ParleyError('too-large', `an envelope of ${envelope.length} bytes`))
    }
    if (this.closed) return Promise.reject(new ParleyError('unreachable', 'the link is closed'))
    const envelopeId = envelopeIdOf(envelope)
    const known = this.#pending.get(envelopeId) ?? this.#waiting.get(envelopeId)
    if (known !== undefined) return known.promise
    const pending = pendingSend(envelopeId, envelope)
    this.#waiting.set(envelopeId, pending)
    this.#fillWindow()
    return pending.promise
  }

  sendEphemeral(envelope: Uint8Array): void {
    if (this.closed || envelope.length === 0 || envelope.length > MAX_EPHEMERAL_BYTES) return
    this.#writer.fleeting(encodeDirectFrame({ type: 'ephemeral', envelope }))
  }

  /** Pings at once; false when no sign of life came within the time. */
  probe(withinMs: number): Promise<boolean> {
    if (this.#state === 'gone') return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (alive: boolean): void => {
        this.#probes.delete(settle)
        cancel()
        resolve(alive)
      }
      const cancel = this.#clock.after(withinMs, () => {
        settle(false)
      })
      this.#probes.add(settle)
      this.#ping()
    })
  }

  /**
   * Another link took its place: takes no more, and answers what the other side sends on it until that side ends it too. An
   * end at once would cross an envelope under way, which then could not be answered.
   */
  retire(): void {
    if (this.#state === 'gone' || this.#cancelRetirement !== null) return
    this.#cancelRetirement = this.#clock.after(RETIRED_STAYS_MS, () => {
      void this.close()
    })
    this.#stopTaking()
  }

  /** Takes no more, waits a little for outstanding answers, then ends the stream. */
  async close(): Promise<void> {
    this.#stopTaking()
    if (this.#state === 'gone') return
    const cancel = this.#clock.after(DRAIN_WITHIN_MS, () => {
      this.abort(new ParleyError('unreachable', 'the link is closed'))
    })
    try {
      await this.#drained()
      await this.#writer.idle()
      await this.#stream.close()
      await this.#gone()
    } catch (cause) {
      this.abort(new ParleyError('unreachable', 'the link is closed', { cause }))
    } finally {
      cancel()
    }
  }

  abort(error: ParleyError): void {
    if (this.#state === 'gone') return
    this.#abortReason ??= error
    this.#stream.abort(error)
    this.#onGone(error)
  }

  #oldestUnansweredAtMs(): number | null {
    for (const pending of this.#pending.values()) return pending.sentAtMs
    return null
  }

  #fillWindow(): void {
    for (const pending of this.#waiting.values()) {
      if (this.#pending.size >= MAX_UNANSWERED) return
      this.#waiting.delete(pending.envelopeId)
      pending.sentAtMs = this.#clock.monotonicMs()
      this.#pending.set(pending.envelopeId, pending)
      this.#writer.bulk(encodeDirectFrame({ type: 'envelope', envelope: pending.envelope }))
      if (this.#pending.size === 1) this.#liveness.sent()
    }
  }

  #ping(): void {
    this.#pingCount += 1
    this.#writer.urgent(encodeDirectFrame({ type: 'ping', nonce: nonceOf(this.#pingCount) }))
  }

  #onData(chunk: Uint8Array): void {
    if (this.#state === 'gone') return
    this.#liveness.heard()
    try {
      for (const body of this.#splitter.push(chunk)) this.#onFrame(decodeDirectFrame(body))
    } catch (cause) {
      const error = cause instanceof ParleyError ? cause : new ParleyError('malformed', 'frame', { cause })
      this.abort(error)
    }
  }

  #onFrame(frame: DirectFrame): void {
    switch (frame.type) {
      case 'envelope':
        this.#onEnvelope(frame.envelope)
        return
      case 'answer':
        this.#onAnswer(frame.envelopeId, frame.committed ? 'committed' : 'refused')
        return
      case 'ephemeral':
        this.#events.onEphemeral(this, frame.envelope)
        return
      case 'ping':
        this.#writer.urgent(encodeDirectFrame({ type: 'pong', nonce: frame.nonce }))
        return
      case 'pong':
        if (equalBytes(frame.nonce, nonceOf(this.#pingCount))) this.#onRoundTrip()
    }
  }

  #onRoundTrip(): void {
    this.#liveness.roundTrip()
    for (const settle of [...this.#probes]) settle(true)
  }

  #onEnvelope(envelope: Uint8Array): void {
    this.#unansweredHere += 1
    if (this.#unansweredHere > MAX_UNANSWERED && !this.#paused) {
      this.#paused = true
      this.#stream.pause()
    }
    void this.#store(envelope)
  }

  async #store(envelope: Uint8Array): Promise<void> {
    try {
      const result = await this.#events.onEnvelope(this, envelope)
      if (this.#state === 'gone') return
      const envelopeId = envelopeIdOf(envelope)
      this.#writer.urgent(encodeDirectFrame({ type: 'answer', envelopeId, committed: result === 'committed' }))
      this.#unansweredHere -= 1
      if (this.#paused && this.#unansweredHere <= MAX_UNANSWERED) {
        this.#paused = false
        this.#stream.resume()
      }
      this.#checkDrained()
    } catch (error) {
      // no answer may be given for what was not stored: the sender has to hear that at once
      if (!(error instanceof ParleyError)) this.#events.onBug(error)
      this.abort(new ParleyError('unreachable', 'an envelope could not be stored', { cause: error }))
    }
  }

  #onAnswer(envelopeId: EnvelopeId, result: 'committed' | 'refused'): void {
    const pending = this.#pending.get(envelopeId)
    if (pending === undefined) return
    this.#pending.delete(envelopeId)
    this.#onRoundTrip()
    pending.resolve(result)
    this.#fillWindow()
    this.#checkDrained()
  }

  #onRemoteEnd(): void {
    this.#stopTaking()
    // answers can come no more; those that are owed still go out
    this.#rejectAll(new ParleyError('unreachable', 'the other side closed the link'))
    void this.close()
  }

  #onGone(error: ParleyError): void {
    if (this.#state === 'gone') return
    this.#stopTaking()
    this.#state = 'gone'
    this.#cancelRetirement?.()
    this.#liveness.stop()
    this.#writer.stop()
    this.#rejectAll(error)
    for (const settle of [...this.#probes]) settle(false)
    const waiting = [...this.#whenGone, ...this.#whenDrained]
    this.#whenGone = []
    this.#whenDrained = []
    for (const resolve of waiting) resolve()
    this.#events.onGone(this)
  }

  #stopTaking(): void {
    if (this.#state !== 'open') return
    this.#state = 'draining'
    for (const pending of this.#waiting.values()) pending.reject(new ParleyError('unreachable', 'the link is closed'))
    this.#waiting.clear()
    this.#events.onClosed(this)
  }

  #rejectAll(error: ParleyError): void {
    const all = [...this.#pending.values(), ...this.#waiting.values()]
    this.#pending.clear()
    this.#waiting.clear()
    for (const pending of all) pending.reject(error)
    this.#checkDrained()
  }

  get #isDrained(): boolean {
    return this.#pending.size === 0 && this.#unansweredHere === 0
  }

  #drained(): Promise<void> {
    if (this.#isDrained || this.#state === 'gone') return Promise.resolve()
    return new Promise((resolve) => this.#whenDrained.push(resolve))
  }

  #checkDrained(): void {
    if (!this.#isDrained) return
    const waiting = this.#whenDrained
    this.#whenDrained = []
    for (const resolve of waiting) resolve()
  }

  #gone(): Promise<void> {
    if (this.#state === 'gone') return Promise.resolve()
    return new Promise((resolve) => this.#whenGone.push(resolve))
  }
}

function pendingSend(envelopeId: EnvelopeId, envelope: Uint8Array): PendingSend {
  let settle: Pick<PendingSend, 'resolve' | 'reject'> | undefined
  const promise = new Promise<'committed' | 'refused'>((resolve, reject) => {
    settle = { resolve, reject }
  })
  if (settle === undefined) throw new Error('the executor did not run')
  return { envelopeId, envelope, promise, ...settle, sentAtMs: 0 }
}

function envelopeIdOf(envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(createHash('sha256').update(envelope).digest().subarray(0, 16))
}

function nonceOf(count: number): Uint8Array {
  return new ByteWriter(16).u16(0).u48(count).finish()
}
