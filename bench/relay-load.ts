/**
 * The clients of the relay benchmark, in a process of their own: `--server NAME --at ADDRESS`, then JSON lines,
 * one command at a time, each answered with one line.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Attackers } from './relay-attack.ts'
import { mqttLoad } from './relay-mqtt.ts'
import { natsLoad } from './relay-nats.ts'
import { IdleOwners, OnlineOwners } from './relay-online.ts'
import { parleyLoad } from './relay-parley-load.ts'
import { scaleLoad } from './relay-scale-load.ts'
import type { Load, Work } from './relay-work.ts'
import { xmppLoad } from './relay-xmpp.ts'

type Answer = object | void

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    at: { type: 'string' },
    relay: { type: 'string', default: '' },
    echo: { type: 'string', default: '' },
  },
})
const at = values.at ?? ''

type Commands = Readonly<Record<string, (command: Command) => Promise<Answer>>>

interface Command {
  readonly do: string
  readonly work: Work
  readonly seconds: number
  readonly count: number
}

const commandsOf = (load: Load): Commands => ({
  prepare: ({ work }) => load.prepare(work),
  deposit: ({ work }) => load.deposit(work),
  drain: ({ work }) => load.drain(work),
})

const SERVERS: Readonly<Record<string, () => Promise<Commands>>> = {
  parley: async () => commandsOf(await parleyLoad(at, values.relay)),
  mqtt: async () => commandsOf(await mqttLoad(at)),
  nats: async () => commandsOf(await natsLoad(at)),
  xmpp: async () => commandsOf(await xmppLoad(at)),
  online: async () => {
    const owners = await OnlineOwners.create(at, values.echo)
    return { measure: ({ work, seconds }) => owners.measure(work, seconds) }
  },
  scale: async () => {
    const load = await scaleLoad(at, values.relay)
    return { deposit: ({ work }) => load.deposit(work), drain: ({ work }) => load.drain(work) }
  },
  attack: async () => {
    const attackers = await Attackers.create(at)
    return { start: () => attackers.start(), stop: () => attackers.stop() }
  },
  idle: async () => {
    const owners = await IdleOwners.create(at)
    return { reach: ({ count }) => owners.reach(count) }
  },
}

const commands = await SERVERS[values.server ?? '']?.()
if (commands === undefined) throw new Error(`no load for ${values.server ?? 'nothing'}`)
console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command
  const startedUs = process.cpuUsage()
  try {
    const answer = await commands[command.do]?.(command)
    const { user, system } = process.cpuUsage(startedUs)
    console.log(JSON.stringify({ ...answer, cpuUs: user + system }))
  } catch (error) {
    console.log(JSON.stringify({ wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
  }
}
