import { sep } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rendererFile } from './renderer-file.ts'

const FOLDER = ['', 'app', 'renderer'].join(sep)

describe('a file of the window', () => {
  test('is found by its path, with its media type', () => {
    expect(rendererFile(FOLDER, 'app://parley/assets/index.js?v=1')).toEqual({
      path: [FOLDER, 'assets', 'index.js'].join(sep),
      mediaType: 'text/javascript; charset=utf-8',
    })
  })

  test.each([
    'app://other/index.html',
    'app://parley:1/index.html',
    'app://user@parley/index.html',
    'file:///app/renderer/index.html',
    'https://parley/index.html',
    'app://parley/..%2fmain%2findex.js',
    'app://parley/..%5cmain%5cindex.js',
    'app://parley/index.html%00.js',
    'app://parley/%E0%A4%A.js',
    'app://parley/',
    'app://parley/engine.node',
    'not a url',
  ])('is refused for %s', (url) => {
    expect(rendererFile(FOLDER, url)).toBeUndefined()
  })

  test('never lies outside the folder, whatever the URL', () => {
    const piece = fc.constantFrom('..', '.', '%2e%2e', '%2f', '/', '\\', 'a', '%5c', 'index.js')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const file = rendererFile(FOLDER, `app://parley/${pieces.join('/')}.js`)
        return file === undefined || file.path.startsWith(FOLDER + sep)
      }),
    )
  })
})
