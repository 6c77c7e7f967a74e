/** Arrows, Home and End move the focus among a list's buttons; Tab leaves the list. */
export function moveInList(event: KeyboardEvent): void {
  const list = event.currentTarget
  if (!(list instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return
  const buttons = [...list.querySelectorAll<HTMLElement>('button[data-chat-id], button[data-invite-id]')]
  const at = buttons.findIndex((button) => button === document.activeElement)
  const last = buttons.length - 1
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key]
  if (to === undefined) return
  event.preventDefault()
  buttons[Math.max(0, Math.min(last, to))]?.focus()
}
