import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { storeContract } from '../ports/contract-tests/store.ts'
import { openDatabase } from './database.ts'
import { createStore } from './store.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const nowMs = 1_700_000_000_000

storeContract('SQLite', {
  nowMs,
  makeStore: () => {
    const path = join(temporaryFolder(), 'store.db')
    const sql = openDatabase({ path, key: new Uint8Array(32).fill(7), nativeBinding: null, mode: 'new' })
    const store = createStore(sql, { clock: { nowMs: () => nowMs } })
    onTestFinished(() => {
      store.close()
    })
    return store
  },
})
