/** Which owners are connected at this front end, and since when as all front ends count. Of two claims the later one holds. */

import type { MailboxId } from '../../shared/model/ids.ts'

interface Claim {
  /** Null: the number is being fetched. */
  number: number | null
  highestElsewhere: number
}

export class OwnerClaims {
  readonly #claims = new Map<MailboxId, Claim>()

  mailboxIds(): readonly MailboxId[] {
    return [...this.#claims.keys()]
  }

  numbered(): readonly (readonly [MailboxId, number])[] {
    return [...this.#claims].flatMap(([id, { number }]) => (number === null ? [] : [[id, number] as const]))
  }

  /** Returns what tells the number of the claim once it is known, and answers whether it still holds. */
  begin(mailboxId: MailboxId): (number: number) => boolean {
    const claim: Claim = { number: null, highestElsewhere: 0 }
    this.#claims.set(mailboxId, claim)
    return (number) => {
      claim.number = number
      if (this.#claims.get(mailboxId) !== claim) return true
      if (claim.highestElsewhere <= number) return true
      this.#claims.delete(mailboxId)
      return false
    }
  }

  end(mailboxId: MailboxId): void {
    this.#claims.delete(mailboxId)
  }

  /** Whether one of this front end ends by that. */
  elsewhere(mailboxId: MailboxId, number: number): boolean {
    const claim = this.#claims.get(mailboxId)
    if (claim === undefined) return false
    claim.highestElsewhere = Math.max(claim.highestElsewhere, number)
    if (claim.number === null || claim.number >= number) return false
    this.#claims.delete(mailboxId)
    return true
  }
}
