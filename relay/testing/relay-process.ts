/** The program itself, as an operator starts it: `node relay/bin.ts run --json`. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RelayId } from '../../shared/model/ids.ts'
import { TCP_LOOPBACK } from './local-relay.ts'

const BIN = fileURLToPath(new URL('../bin.ts', import.meta.url))

export interface StartLine {
  readonly relayId: RelayId
  readonly addresses: readonly string[]
  readonly paste: string
  readonly fullAddresses: readonly string[]
  readonly operatorUrl: string | null
}

export interface RelayProgram {
  /** Default: the relay's own. */
  readonly program?: string
  /** More of the command line. */
  readonly args?: readonly string[]
  /** Over the test's own environment. */
  readonly env?: Readonly<Record<string, string>>
}

export class RelayProcess {
  readonly started: StartLine
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  readonly #child: ChildProcess
  readonly #stderr: readonly string[]

  private constructor(child: ChildProcess, started: StartLine, stderr: readonly string[]) {
    this.#child = child
    this.started = started
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(code ?? signal)
      })
    })
    this.#stderr = stderr
  }

  static async start(
    dataDir: string,
    listen: string = TCP_LOOPBACK,
    program: RelayProgram = {},
  ): Promise<RelayProcess> {
    const child = launch(['run', '--json', '--data', dataDir, '--listen', listen, ...(program.args ?? [])], program)
    const stderr: string[] = []
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk.toString()))
    if (child.stdout === null) throw new Error('no output')
    for await (const line of createInterface(child.stdout)) {
      return new RelayProcess(child, JSON.parse(line) as StartLine, stderr)
    }
    throw new Error(`the relay ended at its start: ${stderr.join('')}`)
  }

  get log(): string {
    return this.#stderr.join('')
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the relay did not start')
    return pid
  }

  /** Says something to a program that listens, and resolves with its answer; rejects when it dies. */
  async ask(message: object): Promise<unknown> {
    const answered = new Promise<unknown>((resolve) => {
      this.#child.once('message', resolve)
    })
    this.#child.send(message)
    return Promise.race([
      answered,
      this.ended.then(() => {
        throw new Error('the relay died')
      }),
    ])
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | string | null> {
    this.#child.kill(signal)
    return this.ended
  }
}

function launch(args: readonly string[], { program = BIN, env = {} }: RelayProgram = {}): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      PARLEY_RELAY_MIN_FREE_DISK_BYTES: '0',
      PARLEY_RELAY_OPERATOR_LISTEN: 'off',
      NODE_OPTIONS: '',
      ...env,
    },
  })
}

/** Runs a command of `parley-relay` to its end. */
export async function runRelayCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = launch(args, { env })
  const stdout: string[] = []
  const stderr: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}
