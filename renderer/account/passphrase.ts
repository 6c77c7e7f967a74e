/** Rules and advice for a new passphrase. The engine has the last word; this tells while typing. */

export const MIN_PASSPHRASE_CHARS = 8
const MAX_PASSPHRASE_BYTES = 1_024

export type PassphraseProblem = 'empty' | 'too-short' | 'too-long' | 'different'

/** What keeps the pair from being used: about the first field, or that the second differs. Null: nothing. */
export function passphraseProblem(passphrase: string, repeated: string): PassphraseProblem | null {
  if (passphrase === '') return 'empty'
  if (passphrase.length < MIN_PASSPHRASE_CHARS) return 'too-short'
  if (new TextEncoder().encode(passphrase).length > MAX_PASSPHRASE_BYTES) return 'too-long'
  return passphrase === repeated ? null : 'different'
}

export type PassphraseStrength = 'weak' | 'fair' | 'strong'

const FAIR_BITS = 45
const STRONG_BITS = 65
/** A word out of a few thousand. */
const BITS_A_WORD = 12

/**
 * A rough guess that leans to the low side: the smaller of what characters and what words would give.
 * Repetition and runs like "abcd" or "1234" count for little.
 */
export function passphraseStrength(passphrase: string): PassphraseStrength {
  const words = passphrase
    .trim()
    .split(/[\s._-]+/)
    .filter((word) => word !== '')
  const byCharacters = surprisingChars(passphrase) * Math.log2(alphabetSize(passphrase))
  const onlyWords = words.length > 1 && words.every((word) => /^\p{L}+$/u.test(word))
  const bits = onlyWords ? Math.min(byCharacters, new Set(words).size * BITS_A_WORD) : byCharacters
  if (bits >= STRONG_BITS) return 'strong'
  return bits >= FAIR_BITS ? 'fair' : 'weak'
}

/** Characters that neither repeat nor continue their neighbour. */
function surprisingChars(text: string): number {
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  const distinct = new Set(points).size
  const fresh = points.filter((point, at) => {
    const before = points[at - 1]
    return before === undefined || Math.abs(point - before) > 1
  }).length
  return Math.min(fresh, distinct * 2)
}

function alphabetSize(text: string): number {
  const sizes = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^A-Za-z0-9]/, 32],
  ] as const
  return sizes.reduce((sum, [pattern, size]) => sum + (pattern.test(text) ? size : 0), 1)
}
