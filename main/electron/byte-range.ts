export interface ByteRange {
  readonly start: number
  /** First byte that is no longer wanted; null: to the end. */
  readonly end: number | null
}

/**
 * One range out of a `Range` header (RFC 9110, section 14.1.2). Undefined when there is none that
 * is understood, which HTTP answers with the whole: several ranges and suffix ranges are not.
 */
export const parseByteRange = (header: string | null): ByteRange | undefined => {
  const match = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? '')
  if (!match) return undefined
  const start = Number(match[1])
  if (match[2] === undefined) return { start, end: null }
  const last = Number(match[2])
  return last < start ? undefined : { start, end: last + 1 }
}
