const OPENED = new Set(['http:', 'https:', 'mailto:'])
const LONGEST_URL_CHARS = 4_096

/** The URL to hand to the system, or undefined when it is not one that a message may open. */
export const externalLink = (text: unknown): string | undefined => {
  if (typeof text !== 'string' || text.length > LONGEST_URL_CHARS || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (!OPENED.has(url.protocol)) return undefined
  // "https://bank.example@evil.example" reads as the first and opens the second
  if (url.username !== '' || url.password !== '') return undefined
  return url.href
}
