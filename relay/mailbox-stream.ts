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
import { encodeAllowance, encodeTurn } from '../shared/wire/relay-allowance.ts'
import { encodeDoorChallenge } from '../shared/wire/relay-door.ts'
import { decodeRequest, MAILBOX_VERSION, MIN_MAILBOX_VERSION } from '../shared/wire/relay-requests.ts'
import type { PushRange, RelayRequest } from '../shared/wire/relay-requests.ts'
import { mailboxProofBytes } from '../shared/wire/relay-signed.ts'
import type { AddressPrefixes } from './address-prefixes.ts'
import type { AskLimits } from './ask-limits.ts'
import { ByteBudget } from './byte-budget.ts'
import type { RelayConfig } from './config.ts'
import type { Deposits } from './deposits.ts'
import type { FrontDoor } from './front-door.ts'
import type { Mailboxes, OwnerListener } from './mailboxes.ts'
import { OwnerPushes } from './owner-pushes.ts'
import type { RelayMetrics } from './metrics.ts'
import { Refused, refusalOf } from './refused.ts'
import type { RelayLog } from './relay-log.ts'
import { verifyEd25519 } from './relay-key.ts'
import { turnCredentials } from './turn.ts'
import type { TurnServers } from './turn.ts'

/** Requests of one client that may be under way, answers that it does not read included. */
const MAX_CONCURRENT_REQUESTS = 16
/** The frames of those that are being carried out. */
const MAX_REQUEST_BYTES = 1024 * 1024
/** Each costs a signature check. */
const MAX_FALSE_PROOFS = 8
/** Nothing is kept longer than this for a client that does not read. */
const READ_WITHIN_MS = 60_000
const CLOSE_WITHIN_MS = 1_000
const STOPS_SINCE_VERSION = 2

export interface StreamParts {
  readonly stream: FramedStream
  readonly mailboxes: Mailboxes
  readonly deposits: Deposits
  readonly door: FrontDoor
  readonly asks: AskLimits
  readonly turn: TurnServers | null
  /** Of all clients together. */
  readonly requestBytes: ByteBudget
  readonly config: RelayConfig
  readonly now: () => number
  readonly log: RelayLog
  /** An envelope on the disk is not what it was. */
  readonly onDamaged: () => void
  readonly metrics: RelayMetrics
  /** Signed now: addresses may have changed since the start. */
  readonly frontEnds: () => Uint8Array
  readonly relayPeer: string
  readonly clientPeer: string
  readonly clientPrefixes: AddressPrefixes
  /** A client that does not greet in this time is let go. */
  readonly helloWithinMs: number
}

type OwnerRequest = Exclude<
  RelayRequest,
  {
    type: 'hello' | 'own' | 'deposit' | 'take-directory' | 'take-invite' | 'ask-door' | 'deposit-at-door' | 'ping'
  }
>

const EMPTY = new Uint8Array()

export class MailboxStream implements OwnerListener {
  readonly #parts: StreamParts
  readonly #challenge = new Uint8Array(randomBytes(32))
  readonly #requestBytes = new ByteBudget(MAX_REQUEST_BYTES)
  #version = 0
  #falseProofs = 0
  /** Signed once a stream, however often it greets. */
  #frontEnds: Uint8Array | null = null
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
      if (this.#version === 0) this.#abort(new Error('no greeting'))
    }, helloWithinMs)
    try {
      for await (const frame of stream.frames()) {
        if (this.#ended) break
        const { requestId, request } = decodeRequest(frame)
        await this.#room()
        await this.#takeBytes(frame.length)
        this.#running += 1
        void this.#answer(requestId, request, frame.length)
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

  /** The relay stops: the client is told to go elsewhere, what is under way is answered, nothing new is read. */
  async drain(): Promise<void> {
    this.#end()
    if (this.#version >= STOPS_SINCE_VERSION) {
      this.#write({ type: 'stops' }).catch((error: unknown) => {
        this.#abort(error)
      })
    }
    await this.#idle()
    await this.#parts.stream.close()
  }

  /** The relay stops, and this client had not even greeted. */
  turnAway(): void {
    this.#abort(new Error('the relay stops'))
  }

  #end(): void {
    this.#ended = true
    this.#disown()
  }

  #disown(): void {
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
    const { stream, metrics } = this.#parts
    if (isParleyError(error)) {
      metrics.refused(error.code)
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

  async #takeBytes(bytes: number): Promise<void> {
    await this.#requestBytes.take(bytes)
    await this.#parts.requestBytes.take(bytes)
  }

  async #answer(requestId: number, request: RelayRequest, bytes: number): Promise<void> {
    try {
      const message = await this.#outcome(requestId, request).finally(() => {
        // An answer that nobody reads holds no bytes of the request, so that it keeps nobody else waiting.
        this.#parts.requestBytes.giveBack(bytes)
        this.#requestBytes.giveBack(bytes)
      })
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
      if (isParleyError(error)) this.#parts.metrics.refused(error.code)
      if (isParleyError(error)) return { type: 'error', requestId, refusal: refusalOf(error) }
      this.#parts.log.error('request-failed', { request: request.type, reason: reasonOf(error) })
      throw error
    }
  }

  async #write(message: RelayMessage): Promise<void> {
    const unread = setTimeout(() => {
      this.#abort(new Error('nobody reads here'))
    }, READ_WITHIN_MS)
    try {
      await this.#parts.stream.write(encodeRelayMessage(message))
    } finally {
      clearTimeout(unread)
    }
  }

  async #carryOut(request: RelayRequest): Promise<Uint8Array> {
    if (request.type === 'hello') return this.#hello(request)
    if (this.#version === 0) throw new ParleyError('malformed', 'a request before hello')
    const { mailboxes, deposits, door, asks, clientPrefixes } = this.#parts
    switch (request.type) {
      case 'own':
        return this.#own(request)
      case 'deposit':
        return encodeDepositsAnswer(await deposits.take(request.entries))
      case 'take-directory':
        asks.take('directory', clientPrefixes)
        return encodeDirectoryTaken(await this.#takeDirectory(request.lookupId))
      case 'take-invite':
        asks.take('invite', clientPrefixes)
        return encodeInviteTaken(await mailboxes.takeInvite(request.slotId, request.takerNonce))
      case 'ask-door':
        asks.take('door', clientPrefixes)
        return encodeDoorChallenge(door.challenge(request))
      case 'deposit-at-door':
        return encodeDepositsAnswer(
          await deposits.takeAtDoor(request, () => {
            door.pay(request)
          }),
        )
      case 'ping':
        return EMPTY
      default:
        return this.#carryOutForOwner(request)
    }
  }

  async #takeDirectory(lookupId: Uint8Array): Promise<Uint8Array | null> {
    const { mailboxes, asks, clientPrefixes } = this.#parts
    const oneTime = asks.oneTimeItem(lookupId, clientPrefixes)
    const item = await mailboxes.takeDirectory(lookupId, oneTime.allowed)
    if (item === null) oneTime.giveBack()
    return item
  }

  async #carryOutForOwner(request: OwnerRequest): Promise<Uint8Array> {
    const owned = this.#owned
    if (owned === null) throw new Refused('relay-refused', 'not the owner of a mailbox')
    const { mailboxes, turn, now } = this.#parts
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
      case 'acknowledge-range':
        await this.#acknowledgeRange(mailboxId, pushes, request)
        return EMPTY
      case 'usage':
        return encodeUsage(await mailboxes.usage(mailboxId))
      case 'allowance':
        return encodeAllowance(await mailboxes.allowance(mailboxId))
      case 'turn':
        return encodeTurn(turn === null ? null : turnCredentials(turn, now()))
      case 'set-door':
        await mailboxes.setDoor(mailboxId, request.open)
        return EMPTY
      case 'close-mailbox':
        this.#disown()
        await mailboxes.close(mailboxId)
        return EMPTY
    }
  }

  async #acknowledgeRange(mailboxId: MailboxId, pushes: OwnerPushes, range: PushRange): Promise<void> {
    const names = pushes.inRange(range)
    if (names.length > 0) await this.#parts.mailboxes.acknowledgePushed(mailboxId, names)
    pushes.acknowledged(names.map(({ envelopeId }) => envelopeId))
  }

  #hello(request: Extract<RelayRequest, { type: 'hello' }>): Uint8Array {
    const version = Math.min(request.maxVersion, MAILBOX_VERSION)
    if (version < MIN_MAILBOX_VERSION || version < request.minVersion) {
      throw new Refused('unsupported-version', 'mailbox protocol')
    }
    this.#version = version
    const { config, deposits, frontEnds } = this.#parts
    return encodeHelloAnswer({
      version,
      challenge: this.#challenge,
      frontEnds: (this.#frontEnds ??= frontEnds()),
      retentionSeconds: deposits.retentionSeconds,
      maxEnvelopeBytes: config.maxEnvelopeBytes,
      maxBlobBytes: config.maxBlobBytes,
    })
  }

  async #own(request: Extract<RelayRequest, { type: 'own' }>): Promise<Uint8Array> {
    const { mailboxPublic, signature, creditBytes, admission } = request
    if (this.#proving) throw new Refused('relay-refused', 'one mailbox a stream')
    const { mailboxes, relayPeer, clientPeer, now, asks, clientPrefixes, onDamaged } = this.#parts
    const proof = mailboxProofBytes({ challenge: this.#challenge, relayPeer, ownerPeer: clientPeer, mailboxPublic })
    if (!verifyEd25519(mailboxPublic, proof, signature)) {
      this.#falseProofs += 1
      if (this.#falseProofs > MAX_FALSE_PROOFS) throw new Error('false proofs')
      throw new Refused('signature-invalid', 'mailbox proof')
    }
    this.#proving = true
    const mailboxId = await mailboxes.open(mailboxPublic, admission, () => {
      asks.take('mailbox', clientPrefixes)
    })
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
      onDamaged,
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
