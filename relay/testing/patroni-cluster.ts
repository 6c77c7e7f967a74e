/**
 * Three PostgreSQL nodes under Patroni, as docs/relay.md sets them up, each a host of its own: a network namespace on one
 * bridge. One etcd, beside the bridge. Wants root.
 */

import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { asPostgres, postgresPrograms, serverFolder } from './local-postgres.ts'

const BRIDGE = 'parleybr'
const GATEWAY = '10.77.0.1'
const LAST_BYTES = [11, 12, 13] as const
const READY_WITHIN_MS = 120_000

interface Member {
  readonly name: string
  readonly role: string
  readonly state: string
}

interface Node {
  readonly name: string
  readonly address: string
  readonly dir: string
  patroni: ChildProcess | null
}

export class PatroniCluster {
  readonly dir = serverFolder()
  readonly nodes: readonly Node[]
  #etcd: ChildProcess | null = null

  private constructor() {
    this.nodes = LAST_BYTES.map((last, index) => ({
      ...{ name: `parley${index}`, address: `10.77.0.${last}`, dir: join(this.dir, `node${index}`), patroni: null },
    }))
  }

  static async start(): Promise<PatroniCluster> {
    const cluster = new PatroniCluster()
    chmodSync(cluster.dir, 0o755)
    cluster.#makeNetwork()
    cluster.#etcd = spawn(
      'etcd',
      [
        ...['--data-dir', join(cluster.dir, 'etcd'), '--name', 'one'],
        ...['--listen-client-urls', `http://${GATEWAY}:2379`, '--advertise-client-urls', `http://${GATEWAY}:2379`],
        ...['--listen-peer-urls', `http://${GATEWAY}:2380`, '--initial-advertise-peer-urls', `http://${GATEWAY}:2380`],
        ...['--initial-cluster', `one=http://${GATEWAY}:2380`],
      ],
      { ...asPostgres(), cwd: cluster.dir, stdio: 'ignore' },
    )
    for (const index of cluster.nodes.keys()) cluster.startNode(index)
    await cluster.untilReplicated()
    await cluster.#makeDatabase()
    return cluster
  }

  #makeNetwork(): void {
    this.#removeNetwork()
    ip('link', 'add', BRIDGE, 'type', 'bridge')
    ip('addr', 'add', `${GATEWAY}/24`, 'dev', BRIDGE)
    ip('link', 'set', BRIDGE, 'up')
    for (const { name, address } of this.nodes) {
      ip('netns', 'add', name)
      ip('link', 'add', `${name}v`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('link', 'set', `${name}v`, 'master', BRIDGE, 'up')
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  }

  #removeNetwork(): void {
    for (const { name } of this.nodes) {
      quietly(() => ip('netns', 'del', name))
      quietly(() => ip('link', 'del', `${name}v`))
    }
    quietly(() => ip('link', 'del', BRIDGE))
  }

  async #makeDatabase(): Promise<void> {
    const { address } = this.node(await this.primary())
    const client = new pg.Client({ host: address, user: 'postgres', password: 'postgres', database: 'postgres' })
    await client.connect()
    await client.query("create role parley login password 'parley'")
    await client.query('create database parley owner parley')
    await client.end()
  }

  node(index: number): Node {
    const node = this.nodes[index]
    if (node === undefined) throw new Error('no such node')
    return node
  }

  startNode(index: number): void {
    const node = this.node(index)
    mkdirSync(node.dir, { recursive: true })
    const { uid, gid } = asPostgres()
    if (uid !== undefined && gid !== undefined) chownSync(node.dir, uid, gid)
    const config = join(node.dir, 'patroni.json')
    writeFileSync(config, JSON.stringify(patroniConfig(node)))
    const asUser = ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups']
    node.patroni = spawn('ip', ['netns', 'exec', node.name, ...asUser, 'patroni', config], {
      cwd: node.dir,
      stdio: 'ignore',
    })
  }

  /** As the members that can be asked see it; empty: nobody answers. */
  async members(): Promise<readonly Member[]> {
    for (const { address } of this.nodes) {
      try {
        const response = await fetch(`http://${address}:8008/cluster`, { signal: AbortSignal.timeout(2_000) })
        return ((await response.json()) as { members: Member[] }).members
      } catch {
        continue
      }
    }
    return []
  }

  async #indexOf(role: string): Promise<number> {
    const member = (await this.members()).find((one) => one.role === role && /running|streaming/.test(one.state))
    return this.nodes.findIndex(({ name }) => name === member?.name)
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const giveUpAtMs = performance.now() + READY_WITHIN_MS
    while (!(await isSo())) {
      if (performance.now() > giveUpAtMs) throw new Error(`not within two minutes: ${what}`)
      await delay(200)
    }
  }

  /** A primary, its synchronous replica, and another one that follows. */
  async untilReplicated(): Promise<void> {
    await this.#until('a whole cluster', async () => {
      const members = await this.members()
      const roles = members.filter(({ state }) => /running|streaming/.test(state)).map(({ role }) => role)
      return ['leader', 'sync_standby', 'replica'].every((role) => roles.includes(role))
    })
  }

  async primary(): Promise<number> {
    let found = -1
    await this.#until('a primary', async () => (found = await this.#indexOf('leader')) >= 0)
    return found
  }

  async synchronousReplica(): Promise<number> {
    let found = -1
    await this.#until('a synchronous replica', async () => (found = await this.#indexOf('sync_standby')) >= 0)
    return found
  }

  async untilPrimaryIsNot(index: number): Promise<number> {
    let found = -1
    await this.#until('another primary', async () => {
      found = await this.#indexOf('leader')
      return found >= 0 && found !== index
    })
    return found
  }

  /** PostgreSQL with all its backends, and Patroni. */
  #signal(index: number, signal: NodeJS.Signals): void {
    const node = this.node(index)
    const pids = [node.patroni?.pid, ...descendants(postmasterOf(node.dir))]
    for (const pid of pids) if (pid !== undefined) quietly(() => process.kill(pid, signal))
  }

  kill(index: number): void {
    this.#signal(index, 'SIGKILL')
    this.node(index).patroni = null
  }

  freeze(index: number): void {
    this.#signal(index, 'SIGSTOP')
  }

  wake(index: number): void {
    this.#signal(index, 'SIGCONT')
  }

  /** Neither of the two hears the other any more; everybody else hears both. */
  cut(one: number, other: number): void {
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      const { name } = this.node(here)
      ip('netns', 'exec', name, 'iptables', '-A', 'INPUT', '-s', this.node(there).address, '-j', 'DROP')
    }
  }

  /** Hears nobody and is heard by nobody. */
  isolate(index: number): void {
    ip('link', 'set', `${this.node(index).name}v`, 'down')
  }

  heal(): void {
    for (const { name } of this.nodes) {
      ip('netns', 'exec', name, 'iptables', '-F')
      ip('link', 'set', `${name}v`, 'up')
    }
  }

  async stop(): Promise<void> {
    for (const index of this.nodes.keys()) this.kill(index)
    const etcd = this.#etcd
    if (etcd !== null && etcd.exitCode === null) {
      const ended = once(etcd, 'exit')
      etcd.kill('SIGKILL')
      await ended
    }
    this.#removeNetwork()
    await rm(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

function patroniConfig({ name, address, dir }: Node): object {
  const hba = ['local all all trust', 'host all all 10.77.0.0/24 md5', 'host replication all 10.77.0.0/24 md5']
  return {
    ...{ scope: 'parley', name },
    restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
    etcd3: { hosts: `${GATEWAY}:2379` },
    bootstrap: {
      dcs: {
        ...{ ttl: 20, loop_wait: 2, retry_timeout: 5, synchronous_mode: true, synchronous_mode_strict: true },
        postgresql: {
          use_pg_rewind: true,
          parameters: { synchronous_commit: 'on', wal_log_hints: 'on', wal_sender_timeout: '5s' },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }],
      pg_hba: hba,
    },
    postgresql: {
      ...{ listen: `${address}:5432`, connect_address: `${address}:5432`, data_dir: join(dir, 'data') },
      ...{ bin_dir: postgresPrograms(), pgpass: join(dir, 'pgpass'), pg_hba: hba },
      parameters: { unix_socket_directories: dir },
      authentication: {
        superuser: { username: 'postgres', password: 'postgres' },
        replication: { username: 'replicator', password: 'replicator' },
        rewind: { username: 'rewind', password: 'rewind' },
      },
    },
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // It was gone already.
  }
}

function postmasterOf(dir: string): number | undefined {
  try {
    const [pid] = readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')
    return Number(pid)
  } catch {
    return undefined
  }
}

/** With the process itself first. */
function descendants(root: number | undefined): readonly number[] {
  if (root === undefined) return []
  const parents = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .map((pid) => [pid, parentOf(pid)] as const)
  const found = [root]
  for (const parent of found) for (const [pid, of] of parents) if (of === parent) found.push(pid)
  return found
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return -1
  }
}
