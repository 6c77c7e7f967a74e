/** Times as the list shows them: 10:42, Yesterday, Monday (up to 6 days), 14 Nov, then with the year. */

export interface TimeTexts {
  readonly yesterday: string
}

export function listTime(atMs: number, nowMs: number, locale: string, texts: TimeTexts): string {
  const days = daysBetween(atMs, nowMs)
  if (days <= 0) return clockTime(atMs, locale)
  if (days === 1) return texts.yesterday
  if (days <= 6) return new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(atMs)
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(atMs)
}

export function clockTime(atMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(atMs)
}

export function fullDate(atMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(atMs)
}

/** Whole days between the local dates of two times. */
export function daysBetween(atMs: number, nowMs: number): number {
  const at = new Date(atMs)
  const now = new Date(nowMs)
  const day = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((day(now) - day(at)) / 86_400_000)
}

/** The chip between days: Today, Yesterday, Monday 17 November. */
export function dayLabel(
  atMs: number,
  nowMs: number,
  locale: string,
  texts: { readonly today: string; readonly yesterday: string },
): string {
  const days = daysBetween(atMs, nowMs)
  if (days <= 0) return texts.today
  if (days === 1) return texts.yesterday
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  const parts = { weekday: 'long', day: 'numeric', month: 'long' } as const
  return new Intl.DateTimeFormat(locale, sameYear ? parts : { ...parts, year: 'numeric' }).format(atMs)
}

/** Day and time in one short line: 22 Nov 2025, 10:14. */
export function shortDate(atMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs)
}
