/** Who may open a mailbox here: anyone, holders of an operator's invite, who is on a list, who knows the secret, nobody new. */

import { timingSafeEqual } from 'node:crypto'
import type { ErrorCode } from '../shared/errors.ts'
import { concatBytes, toBase64Url } from '../shared/wire/bytes.ts'
import { idToBytes } from '../shared/model/ids.ts'
import type { MailboxId } from '../shared/model/ids.ts'
import type { RelayConfig } from './config.ts'
import { sha256 } from './hashes.ts'
import type { OperatorInvites } from './storage/operator-invites.ts'
import type { RelayStore } from './storage/relay-store.ts'

export interface NewMailbox {
  readonly mailboxId: MailboxId
  readonly publicKey: Uint8Array
  readonly openedAtMs: number
}

export interface AdmissionParts {
  readonly store: RelayStore
  readonly config: Pick<RelayConfig, 'newMailboxes' | 'operatorSecret' | 'mailboxList'>
  readonly invites: OperatorInvites
  readonly onOpened: () => void
}

type Opened = 'open' | 'not-admitted' | 'full'

export class Admission {
  readonly #parts: AdmissionParts
  readonly #listed: ReadonlySet<string>

  constructor(parts: AdmissionParts) {
    this.#parts = parts
    this.#listed = new Set(parts.config.mailboxList)
  }

  /** What those are told whom it keeps out. */
  get refusal(): ErrorCode {
    return this.#parts.config.newMailboxes === 'closed' ? 'relay-refused' : 'relay-invite-needed'
  }

  /**
   * Opens the mailbox where there is none; before that `mayOpen` may throw. One that is there stays open to its owner,
   * whatever the config says now.
   */
  async open(mailbox: NewMailbox, secret: Uint8Array, mayOpen: () => void): Promise<Opened> {
    const { store, config } = this.#parts
    if ((await store.openMailbox(mailbox, false)) === 'open') return 'open'
    if (config.newMailboxes === 'invite') {
      mayOpen()
      return this.#openByInvite(mailbox, secret)
    }
    if (!this.#admits(mailbox, secret)) return 'not-admitted'
    mayOpen()
    return this.#openNew(mailbox)
  }

  #admits({ mailboxId }: NewMailbox, secret: Uint8Array): boolean {
    const { newMailboxes, operatorSecret } = this.#parts.config
    switch (newMailboxes) {
      case 'open':
        return true
      case 'list':
        return this.#listed.has(toBase64Url(sha256(secret))) || this.#listed.has(mailboxId)
      case 'secret':
        return timingSafeEqual(sha256(secret), sha256(new TextEncoder().encode(operatorSecret)))
      default:
        return false
    }
  }

  async #openNew(mailbox: NewMailbox): Promise<Opened> {
    const opened = await this.#parts.store.openMailbox(mailbox, true)
    if (opened === 'open') this.#parts.onOpened()
    return opened
  }

  async #openByInvite(mailbox: NewMailbox, secret: Uint8Array): Promise<Opened> {
    const { invites } = this.#parts
    const hash = sha256(secret)
    // Gone when the mailbox is open: which invite opened which mailbox is not kept.
    const mark = sha256(concatBytes(secret, idToBytes(mailbox.mailboxId)))
    if (!(await invites.claim(hash, mark, mailbox.openedAtMs))) return 'not-admitted'
    const opened = await this.#openNew(mailbox)
    await invites.settle(hash, mark, opened === 'open')
    return opened
  }
}
