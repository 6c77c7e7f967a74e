import { computed } from 'vue'
import type { ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { systemLocale } from './system-locale.ts'

/** For dates, times and numbers: the language of the window, in the person's own variant of it. */
export function useFormatLocale(): ComputedRef<string> {
  const { locale } = useI18n()
  return computed(() => systemLocale(locale.value))
}
