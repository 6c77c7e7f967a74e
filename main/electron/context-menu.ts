import { Menu, clipboard } from 'electron'
import type { BrowserWindow, ContextMenuParams, MenuItemConstructorOptions } from 'electron'
import { externalLink } from './external-link.ts'
import { TEXTS } from './texts.ts'

const MOST_SUGGESTIONS = 5
const SEPARATOR: MenuItemConstructorOptions = { type: 'separator' }

const spellingItems = (window: BrowserWindow, params: ContextMenuParams): MenuItemConstructorOptions[] => {
  const { misspelledWord, dictionarySuggestions } = params
  if (!params.isEditable || misspelledWord === '') return []
  const contents = window.webContents
  const suggestions = dictionarySuggestions.slice(0, MOST_SUGGESTIONS).map((word) => ({
    label: word,
    click: () => contents.replaceMisspelling(word),
  }))
  return [
    ...(suggestions.length > 0 ? suggestions : [{ label: TEXTS.noSuggestions, enabled: false }]),
    {
      label: TEXTS.addToDictionary,
      click: () => contents.session.addWordToSpellCheckerDictionary(misspelledWord),
    },
    SEPARATOR,
  ]
}

const editItems = ({ editFlags }: ContextMenuParams): MenuItemConstructorOptions[] => [
  { role: 'cut', label: TEXTS.cut, enabled: editFlags.canCut },
  { role: 'copy', label: TEXTS.copy, enabled: editFlags.canCopy },
  { role: 'paste', label: TEXTS.paste, enabled: editFlags.canPaste },
  SEPARATOR,
  { role: 'selectAll', label: TEXTS.selectAll, enabled: editFlags.canSelectAll },
]

const itemsFor = (window: BrowserWindow, params: ContextMenuParams): MenuItemConstructorOptions[] => {
  if (params.isEditable) return [...spellingItems(window, params), ...editItems(params)]
  const link = externalLink(params.linkURL)
  return [
    ...(params.selectionText.trim() === '' ? [] : [{ role: 'copy' as const, label: TEXTS.copy }]),
    ...(link === undefined ? [] : [{ label: TEXTS.copyLink, click: () => void clipboard.writeText(link) }]),
  ]
}

/** The system's menu over fields, selected text and links; the window's own menus keep theirs by preventing this one. */
export const attachContextMenu = (window: BrowserWindow): void => {
  window.webContents.on('context-menu', (_event, params) => {
    const items = itemsFor(window, params)
    if (items.length > 0) Menu.buildFromTemplate(items).popup({ window })
  })
}
