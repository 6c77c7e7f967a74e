/** Numbers as a person reads them. */

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

export function countText(count: number): string {
  return whole.format(count)
}

/** In decimal units, as disks are sold. */
export function bytesText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${short.format(bytes / 1000 ** step)} ${BYTE_UNITS[step] ?? 'B'}`
}

export function millisecondsText(ms: number): string {
  if (ms > 0 && ms < 0.01) return 'under 0.01 ms'
  return ms >= 1000 ? `${short.format(ms / 1000)} s` : `${short.format(ms)} ms`
}

/** The two largest units: "3 days 4 hours". */
export function spanText(spanMs: number): string {
  const seconds = Math.floor(spanMs / 1000)
  if (seconds < MINUTE_S) return unit(seconds, 'second')
  if (seconds < HOUR_S) return unit(Math.floor(seconds / MINUTE_S), 'minute')
  const [large, small] = seconds < DAY_S ? ([HOUR_S, MINUTE_S] as const) : ([DAY_S, HOUR_S] as const)
  const [largeName, smallName] = seconds < DAY_S ? (['hour', 'minute'] as const) : (['day', 'hour'] as const)
  const rest = Math.floor((seconds % large) / small)
  const first = unit(Math.floor(seconds / large), largeName)
  return rest === 0 ? first : `${first} ${unit(rest, smallName)}`
}

function unit(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
