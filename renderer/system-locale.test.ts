import { expect, it } from 'vitest'
import { systemLocale } from './system-locale.ts'

it('takes the region from the system and the language from the window', () => {
  expect(systemLocale('en', ['de-DE', 'en-GB', 'en-US'])).toBe('en-GB')
  expect(systemLocale('en', ['de-DE'])).toBe('en')
})
