import { useApi } from './api.ts'
import { shortcutOf } from './shortcuts.ts'
import type { Shortcut } from './shortcuts.ts'
import { useChatsStore } from './stores/chats.ts'
import { useNavigationStore } from './stores/navigation.ts'
import { useEventListener } from './use-event-listener.ts'

export interface WindowKeys {
  isReady(): boolean
  find(): Promise<void>
  attach(): void
  focusFeed(): void
}

/** F6 goes through these, as far as they are there. */
const AREAS = [
  '[data-testid=rail-chats], [data-testid=strip-menu]',
  '[data-testid=chat-list] .rows, [data-testid=chat-strip] .cells, [data-testid=settings-search]',
  '[data-testid=feed]',
  '[data-testid=composer-input], [data-testid=empty-invite]',
  '[data-testid=info-panel]',
] as const

/** Keys that work wherever the focus is; an open dialog or menu keeps them to itself. */
export function useWindowKeys(keys: WindowKeys): void {
  const mac = useApi().shell.platform === 'darwin'
  const chats = useChatsStore()
  const navigation = useNavigationStore()

  function step(by: number): void {
    const { all } = chats
    const at = all.findIndex(({ chatId }) => chatId === navigation.chatId)
    const next = at === -1 ? all[0] : all[(at + by + all.length) % all.length]
    if (next !== undefined) navigation.openChat(next.chatId)
  }

  function run(shortcut: Shortcut): void {
    switch (shortcut.name) {
      case 'find':
        void keys.find()
        return
      case 'invite':
        navigation.invite(null)
        return
      case 'settings':
        navigation.settings()
        return
      case 'next':
        step(1)
        return
      case 'previous':
        step(-1)
        return
      case 'attach':
        keys.attach()
        return
      case 'nth': {
        const wanted = chats.all[shortcut.index]
        if (wanted !== undefined) navigation.openChat(wanted.chatId)
        return
      }
      case 'cycle':
        cycle(shortcut.back)
    }
  }

  function cycle(isBack: boolean): void {
    const areas = AREAS.map((selector) => document.querySelector<HTMLElement>(selector)).filter((area) => area !== null)
    const at = areas.findIndex((area) => area.contains(document.activeElement))
    const next = areas[(at + (isBack ? -1 : 1) + areas.length) % Math.max(1, areas.length)]
    if (next?.dataset['testid'] === 'feed') keys.focusFeed()
    else if (next !== undefined) firstStop(next).focus()
  }

  useEventListener(window, 'keydown', (event) => {
    markKeys(event)
    if (!keys.isReady() || isInOverlay(event.target)) return
    const shortcut = shortcutOf(event, mac)
    if (shortcut !== null) {
      event.preventDefault()
      run(shortcut)
    } else if (event.key === 'Escape' && !event.defaultPrevented && navigation.panel) {
      navigation.panel = false
    }
  })
  useEventListener(window, 'pointerdown', () => {
    delete document.documentElement.dataset['keys']
  })
  useEventListener(window, 'paste', (event) => {
    const text = event.clipboardData?.getData('text/plain').trim() ?? ''
    if (!keys.isReady() || isEditable(event.target) || isInOverlay(event.target)) return
    if (text.startsWith('parley:')) navigation.accept(text)
  })
}

/** The focus was moved by keys: fields then show their ring too. */
function markKeys(event: KeyboardEvent): void {
  if (event.key === 'Tab' || event.key === 'F6') document.documentElement.dataset['keys'] = ''
  else if (event.key.length === 1) delete document.documentElement.dataset['keys']
}

function firstStop(area: HTMLElement): HTMLElement {
  if (area.matches('button, input, textarea')) return area
  return area.querySelector<HTMLElement>('[tabindex="0"], button:not([tabindex="-1"]), input') ?? area
}

function isInOverlay(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role=dialog], [role=menu]') !== null
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
}
