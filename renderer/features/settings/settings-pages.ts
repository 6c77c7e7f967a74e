/** The pages of the settings and what can be found on each; a page without a landed feature is not here. */

export type SettingsPageName =
  'profile' | 'privacy' | 'security' | 'network' | 'notifications' | 'appearance' | 'keyboard' | 'about'

/** In the order of the list; a line stands between the groups. */
export const PAGE_GROUPS: readonly (readonly SettingsPageName[])[] = [
  ['profile', 'privacy', 'security', 'network', 'notifications'],
  ['appearance', 'keyboard'],
  ['about'],
]

/** Keys under `settings.<page>` whose texts the search looks through, beside the page's name. */
const TITLES: Readonly<Record<SettingsPageName, readonly string[]>> = {
  profile: ['name', 'recovery', 'key'],
  privacy: ['receipts', 'blocked'],
  security: ['passphrase'],
  network: ['relays', 'add', 'findOnLan', 'hideAddress'],
  notifications: ['show', 'sound', 'closeToTray'],
  appearance: ['theme', 'light', 'dark'],
  keyboard: ['enterSends', 'shortcuts'],
  about: ['licence'],
}

/** The groups with the pages that match; all of them for an empty query. `t` translates a key. */
export function findPages(query: string, t: (key: string) => string): readonly (readonly SettingsPageName[])[] {
  const wanted = fold(query.trim())
  if (wanted === '') return PAGE_GROUPS
  const matches = (page: SettingsPageName): boolean =>
    [`settings.page.${page}`, ...TITLES[page].map((title) => `settings.${page}.${title}`)].some((key) =>
      fold(t(key)).includes(wanted),
    )
  return PAGE_GROUPS.map((group) => group.filter(matches)).filter((group) => group.length > 0)
}

/** Case and accents do not matter to somebody who searches. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
