/** What the relay benchmark runs against: our relay as an operator starts it, and what it costs while it works. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LineProcess } from '../main/testing/line-process.ts'
import { ROOT } from '../scripts/paths.ts'
import { WrongResult } from './harness.ts'

/** All clients of a benchmark come from one address, and send more than one person does. */
const FOR_ONE_ADDRESS = {
  PARLEY_RELAY_CONNECTIONS_PER_ADDRESS: '20000',
  PARLEY_RELAY_NEW_CONNECTIONS_PER_SECOND_PER_ADDRESS: '10000',
  PARLEY_RELAY_HANDSHAKES_PER_ADDRESS: '1000',
  PARLEY_RELAY_NEW_MAILBOXES_PER_HOUR_PER_ADDRESS: '10000000',
  PARLEY_RELAY_MAX_CONNECTIONS: '20000',
  PARLEY_RELAY_MAX_MAILBOXES: '10000000',
  PARLEY_RELAY_TOKEN_ENVELOPES_PER_DAY: '100000000',
  PARLEY_RELAY_TOKEN_BYTES_PER_DAY: '100000000000',
}
const TICKS_PER_SECOND = 100

export interface BenchServer {
  readonly pid: number
  readonly addresses: readonly string[]
  readonly relayId: string
  stop(): Promise<void>
}

/** @param env more settings, by their variables */
export const startBenchRelay = async (
  dataDir: string,
  listen: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> => {
  const args = ['run', '--json', '--data', dataDir, '--listen', listen.join(',')]
  const child = new LineProcess(process.execPath, [join(ROOT, 'relay', 'bin.ts'), ...args], {
    ...process.env,
    ...FOR_ONE_ADDRESS,
    ...env,
  })
  const started = JSON.parse(await child.firstLine()) as Pick<BenchServer, 'addresses' | 'relayId'>
  return { ...started, pid: child.pid, stop: () => child.stop() }
}

/** User and system time of a process so far, in microseconds. Linux. */
export const cpuUsOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may hold spaces; user and system time are the 12th and 13th fields after it.
  const fields = stat.split(') ').at(-1)?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND
}

/** A process that answers each line with one line. */
export class Asked {
  readonly #process: LineProcess

  private constructor(child: LineProcess) {
    this.#process = child
  }

  static async start(script: string, args: readonly string[]): Promise<Asked> {
    return (await Asked.started(script, args)).asked
  }

  /** With the line that it said first. */
  static async started(
    script: string,
    args: readonly string[],
  ): Promise<{ readonly asked: Asked; readonly line: string }> {
    const child = new LineProcess(process.execPath, [join(ROOT, 'bench', script), ...args])
    const line = await child.firstLine()
    return { asked: new Asked(child), line }
  }

  /** @throws WrongResult with what it said */
  async ask<Answer>(question: object): Promise<Answer> {
    const line = this.#process.firstLine()
    this.#process.write(JSON.stringify(question))
    const answer = JSON.parse(await line) as Answer & { readonly wrong?: string }
    if (answer.wrong !== undefined) throw new WrongResult(answer.wrong)
    return answer
  }

  stop(): Promise<void> {
    return this.#process.stop('SIGKILL')
  }
}
