/** Which shortcut a key press is; the table of the design ("Focus and keys"). */

export type Shortcut =
  | { readonly name: 'find' | 'invite' | 'settings' | 'next' | 'previous' | 'attach' }
  | { readonly name: 'nth'; readonly index: number }
  | { readonly name: 'cycle'; readonly back: boolean }

type Keys = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

export function shortcutOf(event: Keys, mac: boolean): Shortcut | null {
  if (event.key === 'F6') return { name: 'cycle', back: event.shiftKey }
  if (event.ctrlKey && event.key === 'Tab') return { name: event.shiftKey ? 'previous' : 'next' }
  const step = event.altKey && (mac ? event.metaKey : !event.ctrlKey && !event.metaKey)
  if (step && event.key === 'ArrowDown') return { name: 'next' }
  if (step && event.key === 'ArrowUp') return { name: 'previous' }
  const command = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
  if (!command || event.altKey || event.shiftKey) return null
  if (/^[1-9]$/.test(event.key)) return { name: 'nth', index: Number(event.key) - 1 }
  switch (event.key.toLowerCase()) {
    case 'k':
      return { name: 'find' }
    case 'n':
      return { name: 'invite' }
    case ',':
      return { name: 'settings' }
    case 'u':
      return { name: 'attach' }
    default:
      return null
  }
}
