/**
 * Opens the profile in its folder and writes message after message, each with its outbox row in one
 * transaction; prints the number of each after its commit. With `half`, prints `half` inside a transaction and stays there.
 */

import { writeSync } from 'node:fs'
import { sampleMessage, sampleOutbox } from '../../ports/contract-tests/sample-records.ts'
import { testProfile } from './profile-parts.ts'

const [folder = '', first = '1', mode = 'whole'] = process.argv.slice(2)
const store = await testProfile(folder).openWithKeychain()

const print = (line: string): void => {
  writeSync(1, `${line}\n`)
}

for (let number = Number(first); ; number += 1) {
  store.transaction(() => {
    store.messages.insert(sampleMessage(number, { body: { kind: 'text', text: 'x'.repeat(number % 3_000) } }))
    if (mode === 'half') {
      print('half')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }
    store.outbox.insert(sampleOutbox(number))
  })
  print(String(number))
}
