/** What the crashing relay and its test say to each other. */

export type ToCrashingRelay =
  /** Counts steps anew; dies before step `dieAt` (from 0), or at none. Answered by `armed`. */
  | { readonly kind: 'arm'; readonly dieAt: number | null }
  /** From here on no flush of the disk ends, until it is armed again. Answered by `armed`. */
  | { readonly kind: 'hold-flushes' }
  /** Answered by `steps`. */
  | { readonly kind: 'list' }

export type FromCrashingRelay =
  | { readonly kind: 'armed' }
  /** What was done since `arm`, by name. */
  | { readonly kind: 'steps'; readonly names: readonly string[] }

/** Names of the steps that are no statement of the database. */
export const FLUSH = 'flush'
export const SIGN = 'sign'
export const WRITE = 'write'
export const WRITTEN = 'written'
