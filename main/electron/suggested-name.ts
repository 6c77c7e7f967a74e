const LONGEST_NAME_CHARS = 200

/** A file name from a message, made harmless as a suggestion in the save dialog. */
export const suggestedFileName = (name: unknown): string => {
  if (typeof name !== 'string') return 'file'
  const cleaned = name
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .replace(/[\\/:*?"<>|]/g, '_')
    .replace(/^[\s.]+/, '')
  // cut between characters; whatever that lays bare at the end goes too
  const cut = [...cleaned]
    .slice(0, LONGEST_NAME_CHARS)
    .join('')
    .replace(/[\s.]+$/, '')
  return cut === '' ? 'file' : cut
}
