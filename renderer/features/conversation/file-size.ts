import type { Transfer } from '../../stores/messages.ts'

const UNITS = ['byte', 'kilobyte', 'megabyte'] as const

/** "6.2 MB", in the person's digits. */
export function fileSize(sizeBytes: number, locale: string): string {
  const power = powerOf(sizeBytes)
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 2 ? 1 : 0,
  }).format(sizeBytes / 1_000 ** power)
}

/** "6.2 of 18.4 MB, direct": both in the unit of the whole, so that nothing jumps. `t` translates. */
export function transferredSize(
  { doneBytes, totalBytes, path }: Transfer,
  locale: string,
  t: (key: string, values?: Record<string, string>) => string,
): string {
  const power = powerOf(totalBytes)
  const digits = power === 2 ? 1 : 0
  const done = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return t('file.progress', {
    done: done.format(doneBytes / 1_000 ** power),
    total: fileSize(totalBytes, locale),
    path: t(`file.${path}`),
  })
}

function powerOf(sizeBytes: number): 0 | 1 | 2 {
  if (sizeBytes < 1_000) return 0
  return sizeBytes < 1_000_000 ? 1 : 2
}
