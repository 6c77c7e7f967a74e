/** A link over a circuit works, but a relay carries it: from time to time a direct path is looked for again. */

import { backoffMs } from '../domain/backoff.ts'
import type { Clock } from '../ports/runtime.ts'
import type { Link } from './link.ts'

/** The race that led to the circuit has just looked. */
const AGAIN = { firstMs: 20_000, maxMs: 120_000 } as const

export interface BetterPathsParts {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly look: (link: Link) => void
}

export class BetterPaths {
  readonly #parts: BetterPathsParts
  readonly #cancels = new Map<Link, () => void>()

  constructor(parts: BetterPathsParts) {
    this.#parts = parts
  }

  /** A link that is in use from now on. */
  onLink(link: Link): void {
    if (link.transport === 'circuit' && link.openedHere && !this.#cancels.has(link)) this.#wait(link, 0)
  }

  onLinkClosed(link: Link): void {
    this.#cancels.get(link)?.()
    this.#cancels.delete(link)
  }

  /** The machine's own addresses changed: what did not work may work now. */
  lookNow(): void {
    for (const [link, cancel] of [...this.#cancels]) {
      cancel()
      this.#wait(link, 0)
      this.#parts.look(link)
    }
  }

  #wait(link: Link, attempt: number): void {
    const cancel = this.#parts.clock.after(backoffMs(attempt, AGAIN, this.#parts.random()), () => {
      this.#wait(link, attempt + 1)
      this.#parts.look(link)
    })
    this.#cancels.set(link, cancel)
  }
}
