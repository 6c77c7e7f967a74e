/** Waiting times of repeated attempts: doubling from `firstMs` to `maxMs`, spread by up to a fifth so that peers do not act in step. */

export interface BackoffLimits {
  readonly firstMs: number
  readonly maxMs: number
}

/** @param attempt from 0; @param spread from 0 to 1, random */
export function backoffMs(attempt: number, limits: BackoffLimits, spread: number): number {
  const base = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(attempt, 30))
  return Math.round(base * (0.8 + 0.4 * spread))
}
