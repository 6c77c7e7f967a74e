/** What is moved in the relay benchmark, the same for every server: who gets what, and how it is recognised again. */
import { WrongResult } from './harness.ts'

export interface Work {
  readonly messages: number
  readonly mailboxes: number
  readonly connections: number
  /** Messages of one connection that may wait for their answer. */
  readonly outstanding: number
  readonly batch: number
  /** Tells one round's messages from another's. */
  readonly round: number
}

export interface Timed {
  readonly seconds: number
}

/** One protocol's clients. What comes before the clock starts is each one's own affair. */
export interface Load {
  /** Accounts, mailboxes, subscriptions: whatever a mailbox needs before something is sent to it. */
  prepare(work: Work): Promise<void>
  /** From the first byte of a deposit to the last answer. @throws WrongResult */
  deposit(work: Work): Promise<Timed>
  /** From the moment the owners ask to the last acknowledgement's answer. @throws WrongResult */
  drain(work: Work): Promise<Timed>
}

export const MESSAGE_BYTES = 1_024
const HEAD_BYTES = 12
const POOL_BYTES = 1 << 20

/** The same in every process: messages are recognised by their bytes. */
const pool = ((): Buffer => {
  const bytes = Buffer.alloc(POOL_BYTES + MESSAGE_BYTES)
  let state = 0x9e3779b9
  for (let at = 0; at < bytes.length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32BE(state, at)
  }
  return bytes
})()

/** u32 round ‖ u32 mailbox ‖ u32 number in that mailbox ‖ bytes that look like ciphertext. */
export const messageOf = (round: number, mailbox: number, number: number): Uint8Array => {
  const message = new Uint8Array(MESSAGE_BYTES)
  const at = (mailbox * 7_919 + number * 104_729 + round * 15_485_863) % POOL_BYTES
  message.set(pool.subarray(at, at + MESSAGE_BYTES))
  const head = new DataView(message.buffer)
  head.setUint32(0, round)
  head.setUint32(4, mailbox)
  head.setUint32(8, number)
  return message
}

export interface Numbered {
  readonly mailbox: number
  readonly number: number
}

/** What connection `index` sends, in batches; a mailbox is filled by one connection, so its order is known. */
export const batchesOf = (work: Work, index: number): readonly (readonly Numbered[])[] => {
  const mailboxes: number[] = []
  for (let mailbox = index; mailbox < work.mailboxes; mailbox += work.connections) mailboxes.push(mailbox)
  const perMailbox = work.messages / work.mailboxes
  const all: Numbered[] = []
  for (let number = 0; number < perMailbox; number += 1) {
    for (const mailbox of mailboxes) all.push({ mailbox, number })
  }
  const batches: Numbered[][] = []
  for (let at = 0; at < all.length; at += work.batch) batches.push(all.slice(at, at + work.batch))
  return batches
}

/** Holds what arrives in one mailbox against what was sent there: each once, in order, unchanged. */
export class Arrivals {
  readonly #work: Work
  readonly #mailbox: number
  #next = 0

  constructor(work: Work, mailbox: number) {
    this.#work = work
    this.#mailbox = mailbox
  }

  get expected(): number {
    return this.#work.messages / this.#work.mailboxes
  }

  get complete(): boolean {
    return this.#next === this.expected
  }

  /** @throws WrongResult */
  take(message: Uint8Array): void {
    const { round } = this.#work
    const number = this.#next
    if (number >= this.expected) throw new WrongResult(`mailbox ${this.#mailbox} got more than was sent`)
    if (!isMessage(message, round, this.#mailbox, number)) {
      throw new WrongResult(`mailbox ${this.#mailbox} got something else in place of message ${number}`)
    }
    this.#next += 1
  }
}

const isMessage = (message: Uint8Array, round: number, mailbox: number, number: number): boolean => {
  if (message.length !== MESSAGE_BYTES) return false
  const head = new DataView(message.buffer, message.byteOffset, HEAD_BYTES)
  if (head.getUint32(0) !== round || head.getUint32(4) !== mailbox || head.getUint32(8) !== number) return false
  const at = (mailbox * 7_919 + number * 104_729 + round * 15_485_863) % POOL_BYTES
  return pool.compare(message, HEAD_BYTES, MESSAGE_BYTES, at + HEAD_BYTES, at + MESSAGE_BYTES) === 0
}
