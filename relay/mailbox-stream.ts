/** One stream of `/parley/mailbox/1`: requests in, answers and pushes out. */

import { randomBytes } from 'node:crypto'
import { isParleyError, ParleyError } from '../shared/errors.ts'
import type { EnvelopeId, MailboxId } from '../shared/model/ids.ts'
import { ByteWriter } from '../shared/wire/bytes.ts'
import type { FramedStream } from '../shared/wire/framed-stream.ts'
import {
  decodeRequest,
  encodeDepositAnswers,
  encodeHelloAnswer,
  encodeInviteTaken,
  encodeOptionalItem,
  encodeRelayMessage,
  MAILBOX_VERSION,
  MAX_BATCH_ITEMS,
  refusalOf,
} from '../shared/wire/relay-frames.ts'
import type { RelayRequest } from '../shared/wire/relay-frames.ts'
import { mailboxProofBytes } from '../shared/wire/relay-signed.ts'
import type { RelayConfig } from './config.ts'
import type { Mailboxes, OwnerListener } from './mailbox.ts'
import { verifyEd25519 } from './relay-key.ts'
import type { StoredEnvelope } from './storage/relay-store.ts'

/** Bytes pushed and not acknowledged: what a slow owner may cost. */
const PUSH_CREDIT_BYTES = 1 << 20
const PUSH_FRAME_BYTES = 240_000
const ENTRY_OVERHEAD_BYTES = 32
/** Requests of one client that may be under way. */
const MAX_CONCURRENT_REQUESTS = 64

export interface StreamPeers {
  readonly relayPeer: string
  readonly clientPeer: string
}

export interface RelayFacts {
  /** Signed now: addresses may have changed since the start. */
  frontEnds(): Uint8Array
  readonly config: RelayConfig
  readonly now: () => number
}

export class MailboxStream implements OwnerListener {
  readonly #stream: FramedStream
  readonly #mailboxes: Mailboxes
  readonly #facts: RelayFacts
  readonly #peers: StreamPeers
  readonly #challenge = new Uint8Array(randomBytes(32))
  #greeted = false
  #mailboxId: MailboxId | null = null
  #pushedSequence = 0
  readonly #inFlight = new Map<EnvelopeId, number>()
  #inFlightBytes = 0
  #pushing = false
  #running = 0
  #resume: (() => void) | null = null

  constructor(stream: FramedStream, mailboxes: Mailboxes, facts: RelayFacts, peers: StreamPeers) {
    this.#stream = stream
    this.#mailboxes = mailboxes
    this.#facts = facts
    this.#peers = peers
  }

  /** Until the client leaves. A frame that is no request ends the stream and changes nothing. */
  async run(): Promise<void> {
    try {
      for await (const frame of this.#stream.frames()) {
        const { requestId, request } = decodeRequest(frame)
        await this.#room()
        this.#running += 1
        void this.#answer(requestId, request)
      }
      await this.#stream.close()
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('stream'))
    } finally {
      if (this.#mailboxId !== null) this.#mailboxes.disown(this.#mailboxId, this)
    }
  }

  /** Reading stops while too much is under way: that is the flow control towards the client. */
  #room(): Promise<void> {
    if (this.#running < MAX_CONCURRENT_REQUESTS) return Promise.resolve()
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  async #answer(requestId: number, request: RelayRequest): Promise<void> {
    try {
      const payload = await this.#run(request)
      await this.#stream.write(encodeRelayMessage({ type: 'reply', requestId, payload }))
    } catch (error) {
      await this.#refuse(requestId, error)
    } finally {
      this.#running -= 1
      this.#resume?.()
      this.#resume = null
    }
  }

  async #refuse(requestId: number, error: unknown): Promise<void> {
    if (!isParleyError(error)) {
      // The client is gone, or this is a bug: either way nothing more can be said on this stream.
      this.#stream.abort(error instanceof Error ? error : new Error('stream'))
      return
    }
    try {
      await this.#stream.write(encodeRelayMessage({ type: 'error', requestId, code: refusalOf(error) }))
    } catch (cause) {
      this.#stream.abort(cause instanceof Error ? cause : new Error('stream'))
    }
  }

  async #run(request: RelayRequest): Promise<Uint8Array> {
    if (request.type === 'hello') return this.#hello(request)
    if (!this.#greeted) throw new ParleyError('malformed', 'a request before hello')
    switch (request.type) {
      case 'own':
        return this.#own(request)
      case 'deposit':
        return encodeDepositAnswers(await this.#mailboxes.deposit(request.deposits))
      case 'take-directory':
        return encodeOptionalItem(await this.#mailboxes.takeDirectory(request.lookupId))
      case 'take-invite':
        return encodeInviteTaken(await this.#mailboxes.takeInvite(request.slotId, request.takerNonce))
      case 'ping':
        return new Uint8Array()
      default:
        return this.#runAsOwner(request)
    }
  }

  async #runAsOwner(
    request: Exclude<RelayRequest, { type: 'hello' | 'own' | 'deposit' | 'take-directory' | 'take-invite' | 'ping' }>,
  ): Promise<Uint8Array> {
    const mailboxId = this.#mailboxId
    if (mailboxId === null) throw new ParleyError('relay-refused', 'not the owner of a mailbox')
    switch (request.type) {
      case 'put-tokens':
        await this.#mailboxes.putTokens(mailboxId, request.tokens)
        return new Uint8Array()
      case 'revoke-tokens':
        await this.#mailboxes.revokeTokens(mailboxId, request.hashes)
        return new Uint8Array()
      case 'put-directory':
        return new ByteWriter(4).u32(await this.#mailboxes.putDirectory(mailboxId, request)).finish()
      case 'put-invite':
        await this.#mailboxes.putInvite(mailboxId, request.slotId, request.item, request.expiresAtMs)
        return new Uint8Array()
      case 'close-invite':
        await this.#mailboxes.closeInvite(mailboxId, request.slotId)
        return new Uint8Array()
      case 'acknowledge':
        await this.#acknowledge(mailboxId, request.envelopeIds)
        return new Uint8Array()
      case 'usage': {
        const usage = this.#mailboxes.usage(mailboxId)
        return new ByteWriter(10).u32(usage.envelopeCount).u48(usage.bytes).finish()
      }
    }
  }

  #hello(request: Extract<RelayRequest, { type: 'hello' }>): Uint8Array {
    if (request.minVersion > MAILBOX_VERSION || request.maxVersion < MAILBOX_VERSION) {
      throw new ParleyError('unsupported-version', 'mailbox protocol')
    }
    this.#greeted = true
    const { config } = this.#facts
    return encodeHelloAnswer({
      version: MAILBOX_VERSION,
      challenge: this.#challenge,
      frontEnds: this.#facts.frontEnds(),
      retentionSeconds: this.#mailboxes.retentionSeconds,
      maxEnvelopeBytes: config.maxEnvelopeBytes,
      maxBlobBytes: config.maxBlobBytes,
    })
  }

  async #own({ mailboxPublic, signature }: Extract<RelayRequest, { type: 'own' }>): Promise<Uint8Array> {
    if (this.#mailboxId !== null) throw new ParleyError('relay-refused', 'one mailbox a stream')
    const { relayPeer, clientPeer } = this.#peers
    const proof = mailboxProofBytes({ challenge: this.#challenge, relayPeer, ownerPeer: clientPeer, mailboxPublic })
    if (!verifyEd25519(mailboxPublic, proof, signature)) throw new ParleyError('signature-invalid', 'mailbox proof')
    this.#mailboxId = await this.#mailboxes.own(mailboxPublic, this)
    this.onDeposited()
    return new Uint8Array()
  }

  async #acknowledge(mailboxId: MailboxId, envelopeIds: readonly EnvelopeId[]): Promise<void> {
    await this.#mailboxes.acknowledge(mailboxId, envelopeIds)
    for (const envelopeId of envelopeIds) {
      this.#inFlightBytes -= this.#inFlight.get(envelopeId) ?? 0
      this.#inFlight.delete(envelopeId)
    }
    this.onDeposited()
  }

  onStock(lookupId: Uint8Array, remaining: number): void {
    this.#send(encodeRelayMessage({ type: 'stock', lookupId, remaining }))
  }

  onDeposited(): void {
    if (this.#pushing || this.#mailboxId === null) return
    this.#pushing = true
    void this.#push(this.#mailboxId)
  }

  /** In the order of deposit, as far as the credit reaches; an acknowledgement gives it back. */
  async #push(mailboxId: MailboxId): Promise<void> {
    try {
      while (this.#inFlightBytes < PUSH_CREDIT_BYTES) {
        const batch = fitting(this.#mailboxes.waiting(mailboxId, this.#pushedSequence, MAX_BATCH_ITEMS))
        const last = batch.at(-1)
        if (last === undefined) break
        this.#pushedSequence = last.sequence
        for (const { envelopeId, envelope } of batch) {
          this.#inFlight.set(envelopeId, envelope.length)
          this.#inFlightBytes += envelope.length
        }
        const nowMs = this.#facts.now()
        const entries = batch.map(({ handle, envelope, storedAtMs }) => ({
          handle,
          envelope,
          heldMs: Math.max(0, nowMs - storedAtMs),
        }))
        await this.#stream.write(encodeRelayMessage({ type: 'push', entries }))
      }
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('push'))
    } finally {
      this.#pushing = false
    }
  }

  #send(message: Uint8Array): void {
    this.#stream.write(message).catch((error: unknown) => {
      this.#stream.abort(error instanceof Error ? error : new Error('send'))
    })
  }
}

/** As many of the first ones as one frame holds; at least one. */
function fitting(waiting: readonly StoredEnvelope[]): readonly StoredEnvelope[] {
  let bytes = 0
  const end = waiting.findIndex(({ envelope }, index) => {
    bytes += envelope.length + ENTRY_OVERHEAD_BYTES
    return index > 0 && bytes > PUSH_FRAME_BYTES
  })
  return end === -1 ? waiting : waiting.slice(0, end)
}
