/**
 * The person's own variant of the language that the window speaks: English on a British computer is
 * written "1 December" and 09:10. Without one, the language alone.
 */
export function systemLocale(language: string, preferred: readonly string[] = navigator.languages): string {
  const base = language.split('-')[0]
  return preferred.find((locale) => locale.split('-')[0] === base) ?? language
}
