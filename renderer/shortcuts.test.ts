import { describe, expect, it } from 'vitest'
import { shortcutOf } from './shortcuts.ts'

const press = (key: string, ...held: ('ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey')[]) => ({
  key,
  ctrlKey: held.includes('ctrlKey'),
  metaKey: held.includes('metaKey'),
  altKey: held.includes('altKey'),
  shiftKey: held.includes('shiftKey'),
})

describe('on Windows and Linux', () => {
  it.each([
    [press('k', 'ctrlKey'), { name: 'find' }],
    [press('n', 'ctrlKey'), { name: 'invite' }],
    [press(',', 'ctrlKey'), { name: 'settings' }],
    [press('u', 'ctrlKey'), { name: 'attach' }],
    [press('3', 'ctrlKey'), { name: 'nth', index: 2 }],
    [press('Tab', 'ctrlKey'), { name: 'next' }],
    [press('Tab', 'ctrlKey', 'shiftKey'), { name: 'previous' }],
    [press('ArrowDown', 'altKey'), { name: 'next' }],
    [press('F6'), { name: 'cycle', back: false }],
    [press('F6', 'shiftKey'), { name: 'cycle', back: true }],
  ])('%o is %o', (keys, shortcut) => {
    expect(shortcutOf(keys, false)).toEqual(shortcut)
  })

  it.each([press('k'), press('k', 'metaKey'), press('k', 'ctrlKey', 'shiftKey'), press('0', 'ctrlKey'), press('Tab')])(
    '%o is none',
    (keys) => {
      expect(shortcutOf(keys, false)).toBeNull()
    },
  )
})

describe('on macOS', () => {
  it.each([
    [press('k', 'metaKey'), { name: 'find' }],
    [press('Tab', 'ctrlKey'), { name: 'next' }],
    [press('ArrowUp', 'altKey', 'metaKey'), { name: 'previous' }],
  ])('%o is %o', (keys, shortcut) => {
    expect(shortcutOf(keys, true)).toEqual(shortcut)
  })

  it('leaves Control K to the system', () => {
    expect(shortcutOf(press('k', 'ctrlKey'), true)).toBeNull()
  })
})
