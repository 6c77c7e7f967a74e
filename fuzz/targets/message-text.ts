import { externalLink } from '../../main/electron/external-link.ts'
import { isEmojiOnly } from '../../renderer/features/conversation/feed-entries.ts'
import { linkParts } from '../../renderer/features/conversation/link-parts.ts'
import { fuzzTarget } from '../engine/target.ts'
import { textOf, utf8, words } from '../samples.ts'

/** What a message's text becomes in the window: whole again when its parts are put together, and quick however long it is. */
export const messageText = fuzzTarget({
  name: 'message-text',
  refuses: [],
  differs: 'bytes that are no UTF-8 are shown as replacement characters',
  hints: {
    maxBytes: 65_536,
    sizes: [100, 2_000, 20_000, 20_001, 65_536],
    words: words(
      'https://',
      'mailto:',
      'a@b.example',
      'www.',
      '.example',
      '//',
      ':80',
      '?',
      '#',
      '(',
      ')',
      '[',
      '"',
      '🌱',
      '\u200d',
      '\u202e',
    ),
  },
  prepare: () => ({
    samples: {
      link: utf8('See https://parley.example/a?b#c, or write to ada@parley.example.'),
      emoji: utf8('🌱👩‍👩‍👧'),
      fuzzy: utf8('parley.example (www.parley.example/x)'),
    },
    decode: (input) => {
      const text = textOf(input)
      isEmojiOnly(text)
      const parts = linkParts(text)
      for (const part of parts) if (part.kind === 'link') externalLink(part.url)
      return parts
    },
    encode: (parts) => utf8(parts.map((part) => part.text).join('')),
  }),
})
