import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nobleBackend } from './backend/noble-backend.ts'
import { selectBackend } from './backend/select-backend.ts'
import { sessionVectors, vectorFileText } from './testing/session-vectors.ts'

const FOLDER = join(import.meta.dirname, '../../docs/protocol/vectors')

// Made inside of the tests, so that they are the code's of now: docs/mutation.md.
describe.each([
  ['selected', selectBackend],
  ['noble', async () => nobleBackend],
])('%s backend', (_name, load) => {
  test.each(readdirSync(FOLDER).filter((file) => file.startsWith('session-')))(
    'gives %s as it was published',
    async (file) => {
      const vectors = sessionVectors(await load())
      const published = readFileSync(join(FOLDER, file), 'utf8')
      expect(JSON.parse(published)).toEqual(vectors[file])
      expect(published).toBe(vectorFileText(vectors[file] ?? null))
    },
  )

  test('has published every file', async () => {
    expect(Object.keys(sessionVectors(await load())).every((file) => existsSync(join(FOLDER, file)))).toBe(true)
  })
})
