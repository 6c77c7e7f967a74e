/** The message, its causes, and where the last of them came from. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? (error.stack ?? error.message) : `${error.message}: ${reasonOf(error.cause)}`
}
