/** A program that speaks JSON lines on its standard input and output, as its own process. For tests and benchmarks. */

import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'

/** @param atMs when the line was read, on this process's monotonic clock */
export type LineListener = (line: string, atMs: number) => void

export class LineProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #listeners = new Set<LineListener>()
  readonly #closed: Promise<void>
  readonly #errors: string[] = []
  readonly #killWithUs = (): void => void this.#child.kill('SIGKILL')

  /** @param env in place of this process's */
  constructor(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.#child = spawn(command, args, { stdio: 'pipe', env })
    process.once('exit', this.#killWithUs)
    this.#child.stderr.on('data', (chunk: Buffer) => this.#errors.push(chunk.toString()))
    // A write to a program that has just ended: its end is what is reported.
    this.#child.stdin.on('error', () => undefined)
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const atMs = performance.now()
      for (const listener of this.#listeners) listener(line, atMs)
    })
    this.#closed = new Promise((resolve, reject) => {
      this.#child.once('close', () => {
        resolve()
      })
      this.#child.once('error', reject)
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('it did not start')
    return this.#child.pid
  }

  get ended(): Promise<void> {
    return this.#closed
  }

  get errorText(): string {
    return this.#errors.join('')
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  onLine(listener: LineListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** @throws Error with what it said when it ends before */
  async firstLine(): Promise<string> {
    let forget: () => void = () => undefined
    const line = new Promise<string>((resolve) => {
      forget = this.onLine(resolve)
    })
    const end = this.#closed.then(() => Promise.reject(new Error(`it ended: ${this.errorText}`)))
    try {
      return await Promise.race([line, end])
    } finally {
      forget()
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    process.off('exit', this.#killWithUs)
    this.#child.kill(signal)
    await this.#closed
  }
}
