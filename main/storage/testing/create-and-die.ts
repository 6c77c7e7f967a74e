/** Makes a profile with its account and kills itself before step `n` of all that touches the disk; prints the count when it came through. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Sqlite from 'better-sqlite3'
import { sampleAccount } from '../../ports/contract-tests/sample-records.ts'
import { RECOVERY_KEY, testProfile } from './profile-parts.ts'

type AnyFunction = (...parameters: unknown[]) => unknown

const [folder = '', dieAt = '0'] = process.argv.slice(2)
let step = 0

/** @param counts which calls touch the disk */
function countCalls(target: object, name: string, counts: (first: unknown) => boolean = () => true): void {
  const original = Reflect.get(target, name) as AnyFunction
  const counted: AnyFunction = function (this: unknown, ...parameters) {
    if (counts(parameters[0])) step += 1
    if (step === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
    return Reflect.apply(original, this, parameters)
  }
  Reflect.set(target, name, counted)
}

for (const name of ['openSync', 'writeFileSync', 'fsyncSync', 'renameSync', 'rmSync', 'mkdirSync']) countCalls(fs, name)
syncBuiltinESMExports()
const database = Reflect.get(Sqlite, 'prototype') as object
for (const name of ['exec', 'close']) countCalls(database, name)
countCalls(database, 'pragma', (source) => source === 'journal_mode = WAL')

const profile = testProfile(folder)
await profile.state()
const store = await profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
store.transaction(() => {
  store.account.put(sampleAccount())
})
await profile.close()
fs.writeSync(1, `${step}\n`)
