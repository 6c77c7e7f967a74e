import { describe, expect, it } from 'vitest'
import { linkParts } from './link-parts.ts'

const links = (text: string): string[] => linkParts(text).flatMap((part) => (part.kind === 'link' ? [part.url] : []))

describe('links in a text', () => {
  it('keeps every character, links and all', () => {
    const text = 'See https://northbay.example/camp?a=1, or write to mira@example.org.\n— M'
    expect(
      linkParts(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text)
  })

  it('leaves the full stop outside', () => {
    expect(links('Look at https://northbay.example/camp.')).toEqual(['https://northbay.example/camp'])
  })

  it('opens a bare host over https', () => {
    expect(links('example.org')).toEqual(['https://example.org'])
  })

  it('knows mail addresses', () => {
    expect(links('mira@example.org')).toEqual(['mailto:mira@example.org'])
  })

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'ftp://example.org/a', 'parley://invite#abc', '10.0.0.1'])(
    'makes none of %s',
    (text) => {
      expect(links(text)).toEqual([])
    },
  )

  it('does not search a text that nobody reads link by link', () => {
    expect(links(`https://example.org ${'a '.repeat(20_000)}`)).toEqual([])
  })
})
