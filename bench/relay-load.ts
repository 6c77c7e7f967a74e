/**
 * The clients of the relay benchmark, in a process of their own: `--server NAME --at ADDRESS`, then JSON lines,
 * one command at a time, each answered with one line.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { parleyLoad } from './relay-parley-load.ts'
import type { Work } from './relay-work.ts'

export interface Timed {
  readonly seconds: number
}

/** One protocol's clients. What comes before the clock starts is each one's own affair. */
export interface Load {
  /** Accounts, mailboxes, subscriptions: whatever a mailbox needs before something is sent to it. */
  prepare(work: Work): Promise<void>
  /** From the first byte of a deposit to the last answer. @throws WrongResult */
  deposit(work: Work): Promise<Timed>
  /** From the moment the owners ask to the last acknowledgement's answer. @throws WrongResult */
  drain(work: Work): Promise<Timed>
}

interface Command {
  readonly do: 'prepare' | 'deposit' | 'drain'
  readonly work: Work
}

const { values } = parseArgs({
  options: { server: { type: 'string' }, at: { type: 'string' }, relay: { type: 'string', default: '' } },
})

const LOADS: Readonly<Record<string, (at: string, relay: string) => Promise<Load>>> = { parley: parleyLoad }

const start = LOADS[values.server ?? '']
if (start === undefined) throw new Error(`no load for ${values.server ?? 'nothing'}`)
const load = await start(values.at ?? '', values.relay)
console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command
  const startedUs = process.cpuUsage()
  try {
    const answer = await load[command.do](command.work)
    const { user, system } = process.cpuUsage(startedUs)
    console.log(JSON.stringify({ ...answer, cpuUs: user + system }))
  } catch (error) {
    console.log(JSON.stringify({ wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
  }
}
