/** Many requests share one flush to disk: what is queued when the event loop comes round becomes one transaction. */

import type { RelayStore } from './storage/relay-store.ts'

interface Waiting {
  readonly run: () => () => void
  readonly fail: (error: unknown) => void
}

/** Requests of one transaction: bounds how long the first of them waits. */
const MAX_GROUP = 512

export class GroupCommit {
  readonly #store: RelayStore
  readonly #queue: Waiting[] = []
  #scheduled = false

  constructor(store: RelayStore) {
    this.#store = store
  }

  /** Resolves with what `body` returned once it is durable. A `body` that throws undoes the whole group: it must only throw for a bug. */
  run<T>(body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        run: () => {
          const value = body()
          return () => {
            resolve(value)
          }
        },
        fail: reject,
      })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const group = this.#queue.splice(0, MAX_GROUP)
    if (this.#queue.length > 0) this.#schedule()
    try {
      const settle = this.#store.transaction(() => group.map((waiting) => waiting.run()))
      for (const resolve of settle) resolve()
    } catch (error) {
      for (const waiting of group) waiting.fail(error)
    }
  }
}
