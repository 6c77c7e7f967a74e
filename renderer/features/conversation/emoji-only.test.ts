import { describe, expect, it } from 'vitest'
import { isEmojiOnly } from './feed-entries.ts'

describe('a text of emoji alone', () => {
  it.each(['😄', '👍🏽', '👨‍👩‍👧‍👦', '🇨🇦', '❤️', '😄 🎉', '1️⃣', '🏳️‍🌈😄🎉'])('is drawn large: %s', (text) => {
    expect(isEmojiOnly(text)).toBe(true)
  })

  it.each(['', '   ', '1', '123', '#', '©', '™', 'ok 👍', '😄😄😄😄', '👍!', '→', 'é'])(
    'is not, when it is something else: “%s”',
    (text) => {
      expect(isEmojiOnly(text)).toBe(false)
    },
  )
})
