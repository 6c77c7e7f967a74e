/** Invites that an operator gives out: each opens a number of mailboxes, until a day. Only hashes of their secrets are kept. */

export interface OperatorInvite {
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array
  /** For the operator alone; nobody else is told. */
  readonly name: string
  readonly uses: number
  readonly maxUses: number
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

export interface OperatorInvites {
  add(invite: Omit<OperatorInvite, 'uses'>): Promise<void>
  list(): Promise<readonly OperatorInvite[]>
  /** False: there is none. Mailboxes that it opened stay. */
  revoke(hash: Uint8Array): Promise<boolean>
  /**
   * Takes one use for what `mark` names, durably; the same mark again is the same use, so that a kill before `settle`
   * costs nobody an invite. False: unknown, expired or used up.
   */
  claim(hash: Uint8Array, mark: Uint8Array, nowMs: number): Promise<boolean>
  /** Forgets the mark; gives the use back where no mailbox was opened. */
  settle(hash: Uint8Array, mark: Uint8Array, opened: boolean): Promise<void>
  close(): void
}
