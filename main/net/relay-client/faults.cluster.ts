import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { PatroniCluster } from '../../../relay/testing/patroni-cluster.ts'
import { RelayProcess } from '../../../relay/testing/relay-process.ts'
import type { RelayContactPoint } from '../../ports/relay.ts'
import { Load } from './testing/load.ts'
import type { Books } from './testing/load.ts'

let cluster: PatroniCluster
let folder: string
let frontEnds: FrontEnd[]
let load: Load

interface FrontEnd {
  readonly dataDir: string
  readonly listen: string
  process: RelayProcess
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-front-ends-'))
  cluster = await PatroniCluster.start()
  const store = {
    ...{ kind: 'postgres', hosts: cluster.nodes.map(({ address }) => address), tls: 'off' },
    ...{ password: 'parley', blobsFolder: join(folder, 'blobs') },
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify({ store }))
  frontEnds = []
  for (const index of [0, 1]) frontEnds.push(await addFrontEnd(index))
})

afterAll(async () => {
  for (const { process } of frontEnds) await process.end('SIGKILL')
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  await cluster.untilReplicated()
  load = await Load.start(contact())
})

afterEach(async () => {
  await load.end()
  cluster.heal()
  await cluster.untilReplicated()
})

async function addFrontEnd(index: number): Promise<FrontEnd> {
  const dataDir = await mkdtemp(join(folder, `front-end-${index}-`))
  const [first] = frontEnds
  if (first !== undefined) await copyFile(join(first.dataDir, 'relay.key'), join(dataDir, 'relay.key'))
  const listen = `/ip4/127.0.0.1/tcp/${47_100 + index}`
  return { dataDir, listen, process: await startFrontEnd(dataDir, listen) }
}

function startFrontEnd(dataDir: string, listen: string): Promise<RelayProcess> {
  return RelayProcess.start(dataDir, listen, { args: ['--config', join(folder, 'config.json')] })
}

function contact(): RelayContactPoint {
  const [first] = frontEnds
  if (first === undefined) throw new Error('no front end')
  return { relayId: first.process.started.relayId, addresses: frontEnds.map(({ listen }) => listen) }
}

function expectNothingLost(what: string, books: Books): void {
  const { lost, pushedAfterAcknowledgement, neverDeposited, ...counts } = books
  process.stdout.write(`${what}: ${JSON.stringify(counts)}\n`)
  expect(lost).toEqual([])
  expect(pushedAfterAcknowledgement).toEqual([])
  expect(neverDeposited).toEqual([])
}

test('at rest, everything that was signed for is pushed', async () => {
  await load.untilSigned(10_000)
  expectNothingLost('at rest', await load.settle())
})

test('the primary is killed', async () => {
  const primary = await cluster.primary()
  cluster.kill(primary)
  await cluster.untilPrimaryIsNot(primary)
  await load.untilSigned(2_000)
  cluster.startNode(primary)
  await load.untilSigned(2_000)
  expectNothingLost('primary killed', await load.settle())
})

test('the primary is frozen, and woken when another one has taken its place', async () => {
  const primary = await cluster.primary()
  cluster.freeze(primary)
  await cluster.untilPrimaryIsNot(primary)
  await load.untilSigned(2_000)
  cluster.wake(primary)
  await load.untilSigned(5_000)
  expectNothingLost('primary frozen', await load.settle())
})

test('the synchronous replica is killed', async () => {
  const replica = await cluster.synchronousReplica()
  cluster.kill(replica)
  await load.untilSigned(2_000)
  cluster.startNode(replica)
  await load.untilSigned(2_000)
  expectNothingLost('replica killed', await load.settle())
})

test('a front end is killed', async () => {
  const [first] = frontEnds
  if (first === undefined) throw new Error('no front end')
  await first.process.end('SIGKILL')
  await load.untilSigned(2_000)
  first.process = await startFrontEnd(first.dataDir, first.listen)
  await load.untilSigned(2_000)
  expectNothingLost('front end killed', await load.settle())
})

test('the primary and its synchronous replica no longer hear each other', async () => {
  cluster.cut(await cluster.primary(), await cluster.synchronousReplica())
  await load.untilSigned(2_000)
  cluster.heal()
  await load.untilSigned(2_000)
  expectNothingLost('cut between two nodes', await load.settle())
})

test('the primary is cut off from everybody', async () => {
  const primary = await cluster.primary()
  cluster.isolate(primary)
  await cluster.untilPrimaryIsNot(primary)
  await load.untilSigned(2_000)
  cluster.heal()
  await load.untilSigned(2_000)
  expectNothingLost('primary cut off', await load.settle())
})
