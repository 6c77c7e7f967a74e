const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One or two initials: the first grapheme of the first and of the last word. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
  const [first, ...rest] = words
  if (first === undefined) return ''
  const last = rest.at(-1)
  return (grapheme(first) + (last === undefined ? '' : grapheme(last))).toLocaleUpperCase()
}

function grapheme(word: string): string {
  for (const { segment } of segmenter.segment(word)) return segment
  return ''
}
