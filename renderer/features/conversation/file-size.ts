const UNITS = ['byte', 'kilobyte', 'megabyte'] as const

/** "6.2 MB", in the person's digits. */
export function fileSize(sizeBytes: number, locale: string): string {
  const power = sizeBytes < 1_000 ? 0 : sizeBytes < 1_000_000 ? 1 : 2
  const unit = UNITS[power] ?? 'byte'
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 2 ? 1 : 0,
  }).format(sizeBytes / 1_000 ** power)
}
