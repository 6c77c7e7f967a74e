/** Writes the vectors of docs/protocol/session.md, attachment.md and group.md. Their test fails when the code no longer gives them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nobleBackend } from '../main/crypto/backend/noble-backend.ts'
import { groupVectors } from '../main/crypto/testing/group-vectors.ts'
import { sessionVectors, vectorFileText } from '../main/crypto/testing/session-vectors.ts'
import { ROOT } from './paths.ts'

const folder = join(ROOT, 'docs/protocol/vectors')
mkdirSync(folder, { recursive: true })
for (const [file, content] of Object.entries({ ...sessionVectors(nobleBackend), ...groupVectors(nobleBackend) })) {
  writeFileSync(join(folder, file), vectorFileText(content))
  console.log(`docs/protocol/vectors/${file}`)
}
