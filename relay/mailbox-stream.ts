/** One stream of `/parley/mailbox/1`: greeting, proof, requests in, answers and pushes out. docs/protocol/relay.md. */

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isParleyError, ParleyError } from '../shared/errors.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import type { FramedStream } from '../shared/wire/framed-stream.ts'
import {
  encodeDepositsAnswer,
  encodeDirectoryTaken,
  encodeHelloAnswer,
  encodeInviteTaken,
  encodeRelayMessage,
  encodeRemaining,
  encodeUsage,
} from '../shared/wire/relay-answers.ts'
import type { RelayMessage } from '../shared/wire/relay-answers.ts'
import { decodeRequest, MAILBOX_VERSION } from '../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../shared/wire/relay-signed.ts'
import type { RelayConfig } from './config.ts'
import type { Deposits } from './deposits.ts'
import type { Mailboxes, OwnerListener } from './mailboxes.ts'
import { OwnerPushes } from './owner-pushes.ts'
import { Refused, refusalOf } from './refused.ts'
import type { RelayLog } from './relay-log.ts'
import { verifyEd25519 } from './relay-key.ts'

/** Requests of one client that may be under way: with their frames, what it may cost in memory. */
const MAX_CONCURRENT_REQUESTS = 16
const CLOSE_WITHIN_MS = 1_000

export interface StreamParts {
  readonly stream: FramedStream
  readonly mailboxes: Mailboxes
  readonly deposits: Deposits
  readonly config: RelayConfig
  readonly now: () => number
  readonly log: RelayLog
  /** Signed now: addresses may have changed since the start. */
  readonly frontEnds: () => Uint8Array
  readonly relayPeer: string
  readonly clientPeer: string
  /** A client that does not greet in this time is let go. */
  readonly helloWithinMs: number
}

type OwnerRequest = Exclude<
  RelayRequest,
  { type: 'hello' | 'own' | 'deposit' | 'take-directory' | 'take-invite' | 'ping' }
>

const EMPTY = new Uint8Array()

export class MailboxStream implements OwnerListener {
  readonly #parts: StreamParts
  readonly #challenge = new Uint8Array(randomBytes(32))
  #greeted = false
  #owned: { readonly mailboxId: MailboxId; readonly pushes: OwnerPushes } | null = null
  #proving = false
  /** Directories whose low stock the owner was told and did not fill since. */
  readonly #toldStock = new Set<string>()
  #running = 0
  #onRoom: (() => void) | null = null
  #onIdle: (() => void) | null = null
  #ended = false

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  /** Until the client leaves. A frame that is no request gets `malformed`, ends the stream and changes nothing. */
  async run(): Promise<void> {
    const { stream, helloWithinMs } = this.#parts
    const greeting = setTimeout(() => {
      if (!this.#greeted) this.#abort(new Error('no greeting'))
    }, helloWithinMs)
    try {
      for await (const frame of stream.frames()) {
        if (this.#ended) break
        const { requestId, request } = decodeRequest(frame)
        await this.#room()
        this.#running += 1
        void this.#answer(requestId, request)
      }
      await this.#idle()
      await stream.close()
    } catch (error) {
      await this.#part(error)
    } finally {
      clearTimeout(greeting)
      this.#end()
    }
  }

  /** The relay stops: what is under way is answered, nothing new is read. */
  async drain(): Promise<void> {
    this.#end()
    await this.#idle()
    await this.#parts.stream.close()
  }

  #end(): void {
    this.#ended = true
    const owned = this.#owned
    this.#owned = null
    if (owned === null) return
    owned.pushes.stop()
    this.#parts.mailboxes.detach(owned.mailboxId, this)
  }

  #abort(error: unknown): void {
    this.#parts.stream.abort(error instanceof Error ? error : new Error('mailbox stream'))
  }

  /** The last word, where there is one, and the end. */
  async #part(error: unknown): Promise<void> {
    const { stream } = this.#parts
    if (isParleyError(error)) {
      const parting = this.#write({ type: 'error', requestId: 0, refusal: refusalOf(error) }).then(() => stream.close())
      await Promise.race([parting.catch(() => undefined), delay(CLOSE_WITHIN_MS, undefined, { ref: false })])
    }
    this.#abort(error)
  }

  /** Reading stops while too much is under way: that is the flow control towards the client. */
  async #room(): Promise<void> {
    if (this.#running < MAX_CONCURRENT_REQUESTS) return
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve
    })
  }

  async #idle(): Promise<void> {
    if (this.#running === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  async #answer(requestId: number, request: RelayRequest): Promise<void> {
    try {
      const message = await this.#outcome(requestId, request)
      // A client that left hears nothing more.
      await this.#write(message)
    } catch (error) {
      this.#abort(error)
    } finally {
      this.#running -= 1
      this.#onRoom?.()
      this.#onRoom = null
      if (this.#running === 0) this.#onIdle?.()
    }
  }

  async #outcome(requestId: number, request: RelayRequest): Promise<RelayMessage> {
    try {
      return { type: 'reply', requestId, payload: await this.#carryOut(request) }
    } catch (error) {
      if (isParleyError(error)) return { type: 'error', requestId, refusal: refusalOf(error) }
      this.#parts.log.error('request-failed', { request: request.type, reason: reasonOf(error) })
      throw error
    }
  }

  #write(message: RelayMessage): Promise<void> {
    return this.#parts.stream.write(encodeRelayMessage(message))
  }

  async #carryOut(request: RelayRequest): Promise<Uint8Array> {
    if (request.type === 'hello') return this.#hello(request)
    if (!this.#greeted) throw new ParleyError('malformed', 'a request before hello')
    const { mailboxes, deposits } = this.#parts
    switch (request.type) {
      case 'own':
        return this.#own(request)
      case 'deposit':
        return encodeDepositsAnswer(await deposits.take(request.entries))
      case 'take-directory':
        return encodeDirectoryTaken(await mailboxes.takeDirectory(request.lookupId))
      case 'take-invite':
        return encodeInviteTaken(await mailboxes.takeInvite(request.slotId, request.takerNonce))
      case 'ping':
        return EMPTY
      default:
        return this.#carryOutForOwner(request)
    }
  }

  async #carryOutForOwner(request: OwnerRequest): Promise<Uint8Array> {
    const owned = this.#owned
    if (owned === null) throw new Refused('relay-refused', 'not the owner of a mailbox')
    const { mailboxes } = this.#parts
    const { mailboxId, pushes } = owned
    switch (request.type) {
      case 'put-tokens':
        await mailboxes.putTokens(mailboxId, request.tokens)
        return EMPTY
      case 'revoke-tokens':
        await mailboxes.revokeTokens(mailboxId, request.hashes)
        return EMPTY
      case 'put-directory':
        this.#toldStock.delete(request.lookupId.join())
        return encodeRemaining(await mailboxes.putDirectory(mailboxId, request))
      case 'put-invite':
        await mailboxes.putInvite(mailboxId, request)
        return EMPTY
      case 'close-invite':
        await mailboxes.closeInvite(mailboxId, request.slotId)
        return EMPTY
      case 'acknowledge':
        await mailboxes.acknowledge(mailboxId, request.envelopeIds)
        pushes.acknowledged(request.envelopeIds)
        return EMPTY
      case 'usage':
        return encodeUsage(await mailboxes.usage(mailboxId))
    }
  }

  #hello(request: Extract<RelayRequest, { type: 'hello' }>): Uint8Array {
    if (request.minVersion > MAILBOX_VERSION || request.maxVersion < MAILBOX_VERSION) {
      throw new Refused('unsupported-version', 'mailbox protocol')
    }
    this.#greeted = true
    const { config, deposits, frontEnds } = this.#parts
    return encodeHelloAnswer({
      version: MAILBOX_VERSION,
      challenge: this.#challenge,
      frontEnds: frontEnds(),
      retentionSeconds: deposits.retentionSeconds,
      maxEnvelopeBytes: config.maxEnvelopeBytes,
      maxBlobBytes: config.maxBlobBytes,
    })
  }

  async #own(request: Extract<RelayRequest, { type: 'own' }>): Promise<Uint8Array> {
    const { mailboxPublic, signature, creditBytes, admission } = request
    if (this.#proving) throw new Refused('relay-refused', 'one mailbox a stream')
    const { mailboxes, relayPeer, clientPeer, now } = this.#parts
    const proof = mailboxProofBytes({ challenge: this.#challenge, relayPeer, ownerPeer: clientPeer, mailboxPublic })
    if (!verifyEd25519(mailboxPublic, proof, signature)) throw new Refused('signature-invalid', 'mailbox proof')
    this.#proving = true
    const mailboxId = await mailboxes.open(mailboxPublic, admission)
    // The client may have left while this was written.
    if (this.#ended) return EMPTY
    const pushes = new OwnerPushes({
      mailboxes,
      mailboxId,
      creditBytes,
      now,
      send: (entries) => this.#write({ type: 'push', entries }),
      onFailure: (error) => {
        this.#abort(error)
      },
    })
    this.#owned = { mailboxId, pushes }
    await mailboxes.attach(mailboxId, this)
    return EMPTY
  }

  onDeposited(): void {
    this.#owned?.pushes.wake()
  }

  onStock(lookupId: Uint8Array, remaining: number): void {
    const name = lookupId.join()
    if (this.#ended || this.#toldStock.has(name)) return
    this.#toldStock.add(name)
    this.#write({ type: 'stock', lookupId, remaining }).catch((error: unknown) => {
      this.#abort(error)
    })
  }

  onReplaced(): void {
    this.#end()
    this.#abort(new Error('the owner came back on another connection'))
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
