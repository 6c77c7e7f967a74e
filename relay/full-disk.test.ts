/** A disk that takes no more, and one that nears its floor: deposits are refused, everything else goes on, nothing is lost. */

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { digestOf, nameOf, Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { OwnerConnection, RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { RelayProcess } from './testing/relay-process.ts'
import { SmallDisk } from './testing/small-disk.ts'

const MIB = 1024 * 1024
const DISK_MIB = 80
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

const unavailable = SmallDisk.unavailable()
const where = unavailable === null ? '' : ` (not run here: ${unavailable})`

let disk: SmallDisk
let port: RelayPort
let relay: RelayProcess
let owner: Owner
/** What the relay signed for, in order. */
let held: Uint8Array[]
let received: Uint8Array[]

async function start(minFreeDiskBytes = 0, listen: string | undefined = undefined): Promise<void> {
  // As it comes, with the operator's port, which leaves its address in the folder.
  const env = {
    PARLEY_RELAY_MIN_FREE_DISK_BYTES: String(minFreeDiskBytes),
    PARLEY_RELAY_OPERATOR_LISTEN: '127.0.0.1:0',
  }
  relay = await RelayProcess.start(disk.path, listen, { env })
}

/** Deposits until it was refused; the refusal's code. */
async function depositUntilRefused(sizeBytes: number): Promise<string> {
  for (;;) {
    const batch = Array.from({ length: 4 }, () => random(sizeBytes))
    const outcomes = await port.deposit(
      relay.started,
      batch.map((envelope) => owner.deposit(envelope)),
    )
    held.push(...batch.filter((_, index) => outcomes[index]?.kind === 'held'))
    const refused = outcomes.find(({ kind }) => kind === 'refused')
    if (refused?.kind === 'refused') return refused.code
  }
}

async function depositUntilHeld(): Promise<void> {
  for (;;) {
    const envelope = random(1_000)
    const [outcome] = await port.deposit(relay.started, [owner.deposit(envelope)])
    if (outcome?.kind !== 'held') {
      await delay(50)
      continue
    }
    held.push(envelope)
    return
  }
}

/** The owner comes back, and lays down nothing: that would take room. */
async function pushed(acknowledges: boolean, isEnough: (count: number) => boolean): Promise<OwnerConnection> {
  received = []
  return new Promise((resolve, reject) => {
    const connecting = port.connectOwner(relay.started, owner.key, {
      onPush: async (batch) => {
        received.push(...batch.map(({ envelope }) => envelope))
        if (isEnough(received.length)) connecting.then(resolve, reject)
        return acknowledges ? batch.map(({ envelope }) => nameOf(envelope)) : []
      },
      onStock: () => undefined,
      onClosed: () => undefined,
    })
    connecting.catch(reject)
  })
}

/** Drains and acknowledges everything; each acknowledgement is answered. */
async function drainAll(): Promise<readonly string[]> {
  const connection = await pushed(true, (count) => count === held.length)
  for (let left = await connection.usage(); left.envelopeCount > 0; left = await connection.usage()) await delay(20)
  await connection.close()
  return received.map(digestOf)
}

beforeEach(() => {
  if (unavailable !== null) return
  disk = SmallDisk.mount(DISK_MIB)
  port = createRelayClient({ clock: systemClock })
  owner = new Owner()
  held = []
})

afterEach(async () => {
  if (unavailable !== null) return
  await port.stop()
  await relay.end('SIGKILL')
  disk.remove()
})

describe.skipIf(unavailable !== null)(`a small disk${where}`, { timeout: 180_000 }, () => {
  beforeEach(async () => {
    await start()
    await owner.connect(port, relay.started)
    await owner.connection.close()
  })

  test('filled by deposits: they are refused as relay-full, and every acknowledgement is still carried out', async () => {
    disk.fill(32 * MIB)
    expect(await depositUntilRefused(190_000)).toBe('relay-full')
    expect(held.length).toBeGreaterThan(50)
    expect(await drainAll()).toEqual(held.map(digestOf))
    expect(relay.log).toContain('disk-full')
    await depositUntilHeld()
    expect(relay.log).toContain('disk-free-again')
  })

  test('filled by somebody else: the same, over a restart, until there is room again', async () => {
    const early = [random(5_000), random(60_000)] as const
    await port.deposit(
      relay.started,
      early.map((envelope) => owner.deposit(envelope)),
    )
    held.push(...early)
    disk.fill()
    expect(await depositUntilRefused(30_000)).toBe('relay-full')
    await relay.end('SIGKILL')
    disk.fill()
    await start(0, relay.started.addresses[0])
    const connection = await pushed(false, (count) => count >= 2)
    expect(received.map(digestOf)).toEqual(held.slice(0, received.length).map(digestOf))
    await connection.acknowledge([nameOf(early[0])])
    await connection.close()
    held.shift()
    disk.free()
    await depositUntilHeld()
    expect(await drainAll()).toEqual(held.map(digestOf))
  })
})

describe.skipIf(unavailable !== null)(`the floor of free space${where}`, { timeout: 180_000 }, () => {
  test('is kept: deposits stop before it, drains go on, and deposits come back with the room', async () => {
    const floorBytes = 20 * MIB
    await start(floorBytes)
    await owner.connect(port, relay.started)
    await owner.connection.close()
    const envelope = random(1_000)
    await port.deposit(relay.started, [owner.deposit(envelope)])
    held.push(envelope)
    disk.fill(floorBytes - MIB)
    expect(await depositUntilRefused(1_000)).toBe('relay-full')
    expect(disk.freeBytes).toBeGreaterThan(floorBytes - 9 * MIB)
    expect(await drainAll()).toEqual(held.map(digestOf))
    disk.free()
    await depositUntilHeld()
  })
})
