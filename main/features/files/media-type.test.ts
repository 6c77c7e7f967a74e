import { expect, test } from 'vitest'
import { mediaTypeOf } from './media-type.ts'

test.each([
  ['garden.JPEG', 'image/jpeg'],
  ['notes.pdf', 'application/pdf'],
  ['archive.tar.zip', 'application/zip'],
  ['README', 'application/octet-stream'],
  ['notes.unheard-of', 'application/octet-stream'],
  // what every object has is no ending
  ['notes.constructor', 'application/octet-stream'],
  ['__proto__', 'application/octet-stream'],
])('%s is %s', (name, mediaType) => {
  expect(mediaTypeOf(name)).toBe(mediaType)
})
