import { spawn } from 'node:child_process'
import type { SpawnOptions } from 'node:child_process'
import { ROOT } from './paths.ts'

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** `show`: straight through to the terminal; `collect`: returned, and part of the error. Default `show`. */
  readonly output?: 'show' | 'collect'
}

export interface RunResult {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end and returns its exit code; a signal counts as code 1. */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
  const spawnOptions: SpawnOptions = {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? process.env,
    stdio: options.output === 'collect' ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  }
  const child = spawn(command, args, spawnOptions)
  const chunks: Buffer[] = []
  const collect = (chunk: Buffer): void => void chunks.push(chunk)
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? 1))
  const code = await promise
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}

/**
 * Runs a program that has to succeed.
 * @throws Error with the end of its output when it does not
 */
export const runOrThrow = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> => {
  const result = await run(command, args, options)
  if (result.code !== 0) {
    const tail = result.output.split('\n').slice(-30).join('\n')
    throw new Error(`${command} ${args.join(' ')} ended with ${result.code}\n${tail}`)
  }
  return result.output
}

/** True when the program is on the PATH. */
export const hasProgram = async (name: string): Promise<boolean> => {
  const finder = process.platform === 'win32' ? 'where' : 'which'
  return (await run(finder, [name], { output: 'collect' })).code === 0
}

/** Reports a failure in one sentence, without a stack, and sets the exit code. */
export const failWith = (error: unknown): void => {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
