/** The shortcuts that this version has; the list on the keyboard page. */

export interface Shortcut {
  /** Key under `settings.keyboard`. */
  readonly name:
    'find' | 'invite' | 'settings' | 'nextChat' | 'previousChat' | 'nthChat' | 'attach' | 'menu' | 'areas' | 'escape'
  /** As printed on the keys; several ways are several entries. */
  readonly keys: readonly string[]
}

export function shortcuts(mac: boolean): readonly Shortcut[] {
  const pick = (elsewhere: readonly string[], onMac: readonly string[]): readonly string[] => (mac ? onMac : elsewhere)
  return [
    { name: 'find', keys: pick(['Ctrl K'], ['⌘K']) },
    { name: 'invite', keys: pick(['Ctrl N'], ['⌘N']) },
    { name: 'settings', keys: pick(['Ctrl ,'], ['⌘,']) },
    { name: 'nextChat', keys: pick(['Ctrl Tab', 'Alt ↓'], ['⌃Tab', '⌥⌘↓']) },
    { name: 'previousChat', keys: pick(['Ctrl Shift Tab', 'Alt ↑'], ['⌃⇧Tab', '⌥⌘↑']) },
    { name: 'nthChat', keys: pick(['Ctrl 1–9'], ['⌘1–9']) },
    { name: 'attach', keys: pick(['Ctrl U'], ['⌘U']) },
    // a Mac has no key for it
    ...(mac ? [] : [{ name: 'menu', keys: ['Shift F10'] } as const]),
    { name: 'areas', keys: ['F6'] },
    { name: 'escape', keys: ['Esc'] },
  ]
}
