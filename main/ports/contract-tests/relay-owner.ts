/** An owner and its bytes, for the suites about relays. */

import { createHash, createPrivateKey, createPublicKey, randomBytes, verify } from 'node:crypto'
import type { ErrorCode } from '../../../shared/errors.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { EnvelopeId, MailboxId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import type {
  Deposit,
  DepositOutcome,
  MailboxKey,
  OwnerConnection,
  PushedEnvelope,
  RelayContactPoint,
  RelayPort,
} from '../relay.ts'

export interface RelayUnderTest {
  readonly contact: RelayContactPoint
  /** Lets that much time pass on the relay's clock. */
  advance(milliseconds: number): void
  /** Down and up again, at the same addresses, with what it kept. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface RelaySuite {
  readonly port: () => RelayPort
  readonly relay: () => RelayUnderTest
}

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
/** Compared in place of long bytes: quick, and short when it differs. */
export const digestOf = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString('hex')
export const nameOf = (envelope: Uint8Array): EnvelopeId => idFromBytes<EnvelopeId>(sha256(envelope).slice(0, 16))

export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

export function mailboxKey(): MailboxKey {
  const secretKey = random(32)
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey])
  const spki = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return { secretKey, publicKey: new Uint8Array(spki.export({ format: 'der', type: 'spki' }).subarray(-32)) }
}

/** An owner that keeps what it is pushed and says when something came. */
export class Owner {
  readonly key: MailboxKey
  readonly mailboxId: MailboxId
  readonly token = random(32)
  readonly handle = random(4)
  readonly received: PushedEnvelope[] = []
  readonly stock: number[] = []
  readonly closed: ErrorCode[] = []
  acknowledges = true
  takes: (envelope: Uint8Array) => boolean = () => true
  onStock: () => void = () => undefined
  #connection: OwnerConnection | null = null
  #waiters: (() => void)[] = []

  constructor(key: MailboxKey = mailboxKey()) {
    this.key = key
    this.mailboxId = idFromBytes<MailboxId>(sha256(key.publicKey))
  }

  get connection(): OwnerConnection {
    if (this.#connection === null) throw new Error('the owner is not connected')
    return this.#connection
  }

  get envelopes(): readonly Uint8Array[] {
    return this.received.map(({ envelope }) => envelope)
  }

  async connect(port: RelayPort, relay: RelayContactPoint): Promise<void> {
    this.#connection = await port.connectOwner(relay, this.key, {
      onPush: (batch) => {
        this.received.push(...batch)
        this.#wake()
        const taken = batch.filter(({ envelope }) => this.acknowledges && this.takes(envelope))
        return Promise.resolve(taken.map(({ envelope }) => nameOf(envelope)))
      },
      onStock: (_lookupId, remaining) => {
        this.stock.push(remaining)
        this.onStock()
        this.#wake()
      },
      onClosed: (code) => {
        this.closed.push(code)
        this.#wake()
      },
    })
    await this.connection.putTokens([{ token: this.token, handle: this.handle }])
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }

  /** Resolves when `isSo`; asked again whenever something comes. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
      })
    }
  }

  /** The relay has carried out every acknowledgement that was sent before. */
  untilEmpty(): Promise<void> {
    return this.untilLeft(0)
  }

  async untilLeft(count: number): Promise<void> {
    for (let left = await this.connection.usage(); left.envelopeCount > count; left = await this.connection.usage());
  }

  deposit(envelope: Uint8Array, ttlSeconds = 86_400): Deposit {
    return { mailboxId: this.mailboxId, token: this.token, envelope, ttlSeconds }
  }
}

export async function codeOf(work: Promise<unknown>): Promise<ErrorCode> {
  try {
    await work
  } catch (error) {
    if (isParleyError(error)) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

export async function one(port: RelayPort, relay: RelayContactPoint, deposit: Deposit): Promise<DepositOutcome> {
  const [outcome] = await port.deposit(relay, [deposit])
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}
