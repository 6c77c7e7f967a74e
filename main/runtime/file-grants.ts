/** Paths that the person chose. A grant is good for one use and for ten minutes. */

import { randomBytes } from 'node:crypto'
import type { Clock, FileGrants } from '../ports/runtime.ts'
import { toBase64Url } from '../../shared/wire/bytes.ts'
import { ParleyError } from '../../shared/errors.ts'

const GRANT_BYTES = 16
const GRANT_LIFE_MS = 10 * 60 * 1000
const MAX_GRANTS = 1_000

interface Grant {
  readonly path: string
  readonly access: 'read' | 'write'
  readonly grantedAtMs: number
}

export class MemoryFileGrants implements FileGrants {
  readonly #grants = new Map<string, Grant>()
  readonly #clock: Pick<Clock, 'monotonicMs'>

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Under the name that the shell gave it. */
  accept(grant: string, path: string, access: 'read' | 'write'): void {
    for (const oldest of this.#grants.keys()) {
      if (this.#grants.size < MAX_GRANTS) break
      this.#grants.delete(oldest)
    }
    this.#grants.set(grant, { path, access, grantedAtMs: this.#clock.monotonicMs() })
  }

  add(path: string, access: 'read' | 'write'): string {
    const grant = toBase64Url(randomBytes(GRANT_BYTES))
    this.accept(grant, path, access)
    return grant
  }

  redeem(grant: string, access: 'read' | 'write'): { readonly path: string } {
    const entry = this.#grants.get(grant)
    const fresh = entry !== undefined && this.#clock.monotonicMs() - entry.grantedAtMs < GRANT_LIFE_MS
    if (!fresh || entry.access !== access) throw new ParleyError('not-found', 'file grant')
    this.#grants.delete(grant)
    return { path: entry.path }
  }
}
