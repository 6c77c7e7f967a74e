/** A real relay as a process of its own, on loopback. */

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const BIN = resolve(import.meta.dirname, '../../relay/bin.ts')

export interface TestRelay {
  readonly paste: string
  readonly dataDir: string
  readonly addresses: readonly string[]
  /** Status page and metrics. */
  readonly operatorUrl: string | null
  /** Of the process that runs now. */
  pid(): number
  log(): string
  /** Ends it, and starts it again on the same folder and address. */
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

export async function startTestRelay(listen = '/ip4/127.0.0.1/tcp/0', folder?: string): Promise<TestRelay> {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'parley-relay-')))
  const logged: string[] = []
  let running = await spawnRelay(dataDir, listen, logged)
  const { paste, addresses, operatorUrl } = running
  const stop = (): Promise<void> => running.end()
  return {
    paste,
    addresses,
    operatorUrl,
    dataDir,
    pid: () => running.pid,
    log: () => logged.join(''),
    stop,
    start: async () => {
      running = await spawnRelay(dataDir, addresses[0] ?? '', logged)
    },
    remove: async () => {
      await stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function spawnRelay(dataDir: string, listen: string, logged: string[]) {
  const child = spawn(process.execPath, [BIN, 'run', '--data', dataDir, '--listen', listen, '--json'])
  child.stderr.on('data', (chunk: Buffer) => logged.push(chunk.toString()))
  const ended = new Promise<void>((resolveEnd) => {
    child.once('close', () => {
      resolveEnd()
    })
  })
  const line = await new Promise<string>((resolveLine, reject) => {
    createInterface({ input: child.stdout }).once('line', resolveLine)
    child.once('close', () => {
      reject(new Error(`the relay ended: ${logged.join('')}`))
    })
  })
  const started = JSON.parse(line) as Pick<TestRelay, 'paste' | 'addresses' | 'operatorUrl'>
  if (child.pid === undefined) throw new Error('the relay has no process')
  return {
    ...started,
    pid: child.pid,
    end: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
