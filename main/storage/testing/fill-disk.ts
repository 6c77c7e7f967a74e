/** Runs under a limit on the size of files: fills an attachment, then the store, and prints what each was told. */

import { writeSync } from 'node:fs'
import { isParleyError } from '../../../shared/errors.ts'
import {
  blobIdOf,
  chatIdOf,
  sampleChat,
  sampleContact,
  sampleMessage,
} from '../../ports/contract-tests/sample-records.ts'
import { testProfile } from './profile-parts.ts'

const CHUNK = new Uint8Array(65_536).fill(1)
const CHUNKS = 100

async function outcome(work: () => Promise<void>): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    return isParleyError(error) ? error.code : String(error)
  }
}

const profile = testProfile(process.argv[2] ?? '')
const store = await profile.openWithKeychain()
const part = await profile.blobs.openPart(blobIdOf(1), 0)
const blob = await outcome(async () => {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) await part.append(CHUNK)
})
await part.close()
store.transaction(() => {
  store.contacts.insert(sampleContact(1))
  store.chats.insert(sampleChat(1))
})
const rows = await outcome(async () => {
  store.transaction(() => {
    for (let number = 1; number <= CHUNKS; number += 1) {
      store.messages.insert(sampleMessage(number, { body: { kind: 'text', text: 'x'.repeat(CHUNK.length) } }))
    }
  })
})
const left = store.messages.page(chatIdOf(1), null, CHUNKS).length
writeSync(1, `${JSON.stringify({ blob, rows, left, whole: (await profile.blobs.partSize(blobIdOf(1))) > 0 })}\n`)
