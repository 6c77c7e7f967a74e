/** A real relay beside the demo and the tests: its own process, loopback only. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { ROOT } from './paths.ts'

export interface RelayProcess {
  /** What people paste into Settings. */
  readonly paste: string
  readonly addresses: readonly string[]
  /** Its status page; null when it is off. */
  readonly operatorUrl: string | null
  readonly pid: number
  /** Everything that it has logged. */
  log(): string
  stop(): Promise<void>
  kill(): Promise<void>
}

export const startRelayProcess = async (dataDir: string, listen = '/ip4/127.0.0.1/tcp/0'): Promise<RelayProcess> => {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'relay', 'bin.ts'), 'run', '--data', dataDir, '--listen', listen, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const logged: string[] = []
  child.stderr.on('data', (chunk: Buffer) => logged.push(chunk.toString()))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('close', (code) => reject(new Error(`the relay ended with ${code}: ${logged.join('')}`)))
  })
  const started = JSON.parse(line) as Pick<RelayProcess, 'paste' | 'addresses' | 'operatorUrl'>
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    process.off('exit', killWithUs)
    child.kill(signal)
    await closed
  }
  return {
    ...started,
    pid: child.pid ?? 0,
    log: () => logged.join(''),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
