const GROUP_DIGITS = 5

/** Sixty digits in groups of five, as they are read out. */
export function safetyGroups(safetyNumber: string): readonly string[] {
  const digits = safetyNumber.replace(/\D/g, '')
  return Array.from({ length: Math.ceil(digits.length / GROUP_DIGITS) }, (_, group) =>
    digits.slice(group * GROUP_DIGITS, (group + 1) * GROUP_DIGITS),
  )
}
