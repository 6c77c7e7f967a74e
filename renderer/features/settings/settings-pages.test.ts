import { describe, expect, it } from 'vitest'
import { settings } from '../../i18n/en/settings.ts'
import { findPages, PAGE_GROUPS } from './settings-pages.ts'

/** Reads the English texts; a key that is not there is a mistake in the list. */
function text(key: string): string {
  let node: unknown = { settings }
  for (const part of key.split('.')) node = (node as Record<string, unknown>)[part]
  if (typeof node !== 'string') throw new Error(`no text for ${key}`)
  return node
}

describe('findPages', () => {
  it('lists everything for an empty search', () => {
    expect(findPages('  ', text)).toBe(PAGE_GROUPS)
  })

  it('finds a page by what is on it, whatever the case', () => {
    expect(findPages('HIDE my', text)).toEqual([['network']])
    expect(findPages('read receipts', text)).toEqual([['privacy']])
  })

  it('ignores accents', () => {
    expect(findPages('rélays', text)).toEqual([['network']])
  })

  it('finds nothing for what is not there', () => {
    expect(findPages('proxy', text)).toEqual([])
  })
})
