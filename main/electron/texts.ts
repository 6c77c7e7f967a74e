/** What the shell itself says; the window has its own texts. */
export const TEXTS = {
  appName: 'Parley',
  open: 'Open Parley',
  quit: 'Quit Parley',
  cut: 'Cut',
  copy: 'Copy',
  copyLink: 'Copy link',
  paste: 'Paste',
  selectAll: 'Select all',
  noSuggestions: 'No suggestions',
  addToDictionary: 'Add to dictionary',
  unreadChats: (count: number): string => (count === 1 ? '1 unread chat' : `${count} unread chats`),
} as const
