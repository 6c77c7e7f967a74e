/** What keeps a name from being used; null: nothing does. `maxBytes` as UTF-8, as the engine counts. */
export function nameProblem(name: string, maxBytes: number): 'empty' | 'tooLong' | null {
  const trimmed = name.trim()
  if (trimmed === '') return 'empty'
  return new TextEncoder().encode(trimmed).length > maxBytes ? 'tooLong' : null
}
