/** How long the engine waits before it starts again, by how often it has died in a row. */
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 30_000
/** An engine that ran this long had no part in the crashes before. */
const STEADY_AFTER_MS = 60_000

export interface RestartDecision {
  readonly delayMs: number
  readonly crashesInARow: number
}

/** What to do after the engine died, having run for `ranForMs`, with so many crashes in a row before. */
export const decideRestart = (crashesBefore: number, ranForMs: number): RestartDecision => {
  const crashesInARow = ranForMs >= STEADY_AFTER_MS ? 1 : crashesBefore + 1
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (crashesInARow - 1), LONGEST_DELAY_MS)
  return { delayMs, crashesInARow }
}
