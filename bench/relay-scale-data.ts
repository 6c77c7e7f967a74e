/** The mailboxes of the scale run: made up by their number, so that no process has to be told of a million. */
import { createPrivateKey, createPublicKey, hash } from 'node:crypto'
import type { MailboxId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'
import type { BenchMailbox } from './relay-parley.ts'

export const SCALE_MESSAGES = 5
export const SCALE_MESSAGE_BYTES = 200
/** Mailboxes that somebody can own: making their keys takes longer than filling them. */
const OWNABLE = 1_000
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

const derived = (what: string, number: number): Uint8Array => hash('sha256', `${what} ${number}`, 'buffer')

const isOwnable = (number: number, mailboxes: number): boolean => number % Math.max(1, mailboxes / OWNABLE) === 0

/** The numbers of those that `mailboxAt` has keys for, spread over all. */
export const ownable = (mailboxes: number): readonly number[] => {
  const step = Math.max(1, mailboxes / OWNABLE)
  return Array.from({ length: Math.floor(mailboxes / step) }, (_, index) => index * step)
}

export const tokenOf = (number: number): Uint8Array => derived('token', number)

/** @throws Error when nobody can own it */
export const scaleOwner = (number: number): BenchMailbox => {
  const der = Buffer.concat([PRIVATE_PREFIX, derived('seed', number)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  return { publicKey, mailboxId: mailboxIdOf(publicKey), token: tokenOf(number), key }
}

const mailboxIdOf = (publicKey: Uint8Array): MailboxId => idFromBytes<MailboxId>(hash('sha256', publicKey, 'buffer'))

export const scaleMailbox = (
  number: number,
  mailboxes: number,
): { readonly mailboxId: MailboxId; readonly publicKey: Uint8Array } => {
  const publicKey = isOwnable(number, mailboxes) ? scaleOwner(number).publicKey : derived('public', number)
  return { publicKey, mailboxId: mailboxIdOf(publicKey) }
}

/** u32 mailbox ‖ u32 number ‖ what follows from them. */
export const scaleMessage = (mailbox: number, number: number): Uint8Array => {
  const message = new Uint8Array(SCALE_MESSAGE_BYTES)
  const head = new DataView(message.buffer)
  head.setUint32(0, mailbox)
  head.setUint32(4, number)
  for (let at = 8; at + 32 <= SCALE_MESSAGE_BYTES; at += 32) message.set(derived(`bytes ${number}`, mailbox), at)
  return message
}
