import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { externalLink } from './external-link.ts'
import { inviteLinkIn, profileFolder } from './launch-arguments.ts'
import { isOwnUrl } from './origin.ts'
import { suggestedFileName } from './suggested-name.ts'

describe('a link that leaves the app', () => {
  test.each(['https://example.org/a?b#c', 'http://example.org/', 'mailto:ada@example.org'])('may be %s', (url) => {
    expect(externalLink(url)).toBe(url)
  })

  test.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'smb://host/share',
    'ms-msdt:/id',
    'https://bank.example@evil.example/',
    `https://example.org/${'a'.repeat(5_000)}`,
    'no url',
    7,
    undefined,
  ])('is never %s', (url) => {
    expect(externalLink(url)).toBeUndefined()
  })
})

describe('a name for the save dialog', () => {
  test.each([
    ['photo.jpg', 'photo.jpg'],
    ['../../.bashrc', '_.._.bashrc'],
    ['C:\\a\\b.txt', 'C__a_b.txt'],
    ['evil\u202Egpj.exe', 'evilgpj.exe'],
    ['   ', 'file'],
    ['...', 'file'],
    [42, 'file'],
  ])('%j becomes %j', (name, cleaned) => {
    expect(suggestedFileName(name)).toBe(cleaned)
  })

  test('is cut to what a file system takes', () => {
    expect(suggestedFileName('a'.repeat(1_000))).toHaveLength(200)
    expect(suggestedFileName(`${'a'.repeat(199)}. .txt`)).toBe('a'.repeat(199))
    expect(suggestedFileName(`${'a'.repeat(199)}🌱🌱`)).toBe(`${'a'.repeat(199)}🌱`)
  })
})

describe('the command line', () => {
  test('gives the invite wherever it stands', () => {
    expect(inviteLinkIn(['electron', '--x', 'parley://invite#abc'])).toBe('parley://invite#abc')
  })

  test('gives no link that is too long or of another scheme', () => {
    expect(inviteLinkIn([`parley://invite#${'a'.repeat(1_024)}`, 'https://invite#a', 'xparley://a'])).toBeUndefined()
  })

  test('names the profile before the environment does', () => {
    expect(profileFolder(['--profile=a'], { PARLEY_PROFILE: 'b' })).toBe(resolve('a'))
    expect(profileFolder([], { PARLEY_PROFILE: 'b' })).toBe(resolve('b'))
    expect(profileFolder(['--profile='], {})).toBeUndefined()
  })
})

describe('the own origin', () => {
  test.each(['app://parley/index.html', 'app://parley'])('is %s', (url) => {
    expect(isOwnUrl(url)).toBe(true)
  })

  test.each(['app://parley.evil/index.html', 'app://parley@evil/', 'app://evil/parley', 'https://parley/', ''])(
    'is not %s',
    (url) => {
      expect(isOwnUrl(url)).toBe(false)
    },
  )
})
