import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nobleBackend } from '../backend/noble-backend.ts'
import { selectBackend } from '../backend/select-backend.ts'
import { groupVectors } from '../testing/group-vectors.ts'
import { vectorFileText } from '../testing/session-vectors.ts'

const FOLDER = join(import.meta.dirname, '../../../docs/protocol/vectors')

describe.each([
  ['selected', await selectBackend()],
  ['noble', nobleBackend],
])('%s backend', (_name, backend) => {
  const vectors = groupVectors(backend)

  test.each(Object.keys(vectors))('gives %s as it was published', (file) => {
    const published = readFileSync(join(FOLDER, file), 'utf8')
    expect(JSON.parse(published)).toEqual(vectors[file])
    expect(published).toBe(vectorFileText(vectors[file] ?? null))
  })
})
