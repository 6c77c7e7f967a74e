/** Emoji with their names, fetched when the picker opens for the first time. */

export interface Emoji {
  readonly unicode: string
  readonly label: string
  readonly tags: readonly string[]
}

let loading: Promise<readonly Emoji[]> | null = null

export function loadEmoji(): Promise<readonly Emoji[]> {
  loading ??= import('emojibase-data/en/compact.json').then(({ default: data }) =>
    data.flatMap((entry) =>
      entry.group === undefined || entry.group === 2
        ? []
        : [{ unicode: entry.unicode, label: entry.label, tags: entry.tags ?? [] }],
    ),
  )
  return loading
}

export function findEmoji(all: readonly Emoji[], query: string): readonly Emoji[] {
  const wanted = query.trim().toLowerCase()
  if (wanted === '') return all
  return all.filter((emoji) => emoji.label.includes(wanted) || emoji.tags.some((tag) => tag.startsWith(wanted)))
}
