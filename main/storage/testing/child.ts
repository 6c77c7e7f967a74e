/** Programs that tests run in a process of their own, to kill it or to give it limits. */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Child {
  /** The next line that it prints; null when it has ended. */
  line(): Promise<string | null>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>
}

/**
 * Starts `program` with the Node that runs the tests.
 * @param fileLimitKib no file may become larger than that: a full disk that needs no disk
 */
export function startChild(program: URL, args: readonly string[], fileLimitKib?: number): Child {
  const script = fileURLToPath(program)
  const [command, parameters] =
    fileLimitKib === undefined
      ? [process.execPath, [script, ...args]]
      : ['sh', ['-c', `ulimit -f ${fileLimitKib * 2} && exec "$@"`, 'sh', process.execPath, script, ...args]]
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  return {
    line: async () => {
      const next = await lines.next()
      return next.done === true ? null : next.value
    },
    kill,
    ended,
  }
}
