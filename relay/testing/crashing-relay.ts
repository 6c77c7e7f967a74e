/**
 * The relay's program, counting its steps: each statement of the database, each flush of its log, each signature, each frame
 * that is written, before and after. Told to, it kills itself right before one of them. The relay itself is not changed: what is wrapped is
 * the database's driver, node:fs, node:crypto, and the framed stream.
 */

import crypto from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'
import Database from 'better-sqlite3'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { FLUSH, SIGN, WRITE, WRITTEN } from './crash-steps.ts'
import type { FromCrashingRelay, ToCrashingRelay } from './crash-steps.ts'

let names: string[] = []
let dieAt: number | null = null

function step(name: string): void {
  if (names.length === dieAt) process.kill(process.pid, 'SIGKILL')
  names.push(name)
}

function wrap(target: object, method: string, around: (self: object, call: () => unknown) => unknown): void {
  const original: unknown = Reflect.get(target, method)
  if (typeof original !== 'function') throw new Error(`no method ${method}`)
  Reflect.set(target, method, function wrapped(this: object, ...values: unknown[]): unknown {
    return around(this, () => Reflect.apply(original, this, values))
  })
}

const memory = new Database(':memory:')
const statement: object = Object.getPrototypeOf(memory.prepare('select 1')) as object
for (const method of ['run', 'get', 'all', 'iterate']) {
  wrap(statement, method, (self, call) => {
    step(String(Reflect.get(self, 'source')).replace(/\s+/g, ' ').trim())
    return call()
  })
}
memory.close()
let held: (() => unknown)[] | null = null
wrap(fs, 'fdatasync', (_self, call) => {
  step(FLUSH)
  if (held === null) return call()
  held.push(call)
  return undefined
})
wrap(crypto, 'sign', (_self, call) => {
  step(SIGN)
  return call()
})
syncBuiltinESMExports()
wrap(FramedStream.prototype, 'write', async (_self, call) => {
  step(WRITE)
  await call()
  step(WRITTEN)
})

function tell(message: FromCrashingRelay): void {
  process.send?.(message)
}

process.on('message', (message: ToCrashingRelay) => {
  if (message.kind === 'list') {
    tell({ kind: 'steps', names })
    return
  }
  const flushes = held ?? []
  held = message.kind === 'hold-flushes' ? [] : null
  names = []
  dieAt = message.kind === 'arm' ? message.dieAt : null
  for (const flush of flushes) flush()
  tell({ kind: 'armed' })
})

process.on('disconnect', () => process.exit(1))

const { runCommandLine } = await import('../cli/index.ts')
await runCommandLine(process.argv)
