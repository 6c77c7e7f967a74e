/** The program as a process of its own: kills, stops, and its command line. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { isParleyError } from '../shared/errors.ts'
import { decodeRelayAddress } from '../shared/wire/relay-address.ts'
import { RelayProcess, runRelayCommand } from './testing/relay-process.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let dataDir: string
let port: RelayPort

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-relay-process-'))
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('kill -9', () => {
  test('every deposit that was answered with a receipt is there after the restart, once and in order', async () => {
    let relay = await RelayProcess.start(dataDir)
    const contact = relay.started
    const owner = new Owner()
    await owner.connect(port, contact)
    await owner.connection.close()
    const held: Uint8Array[] = []
    let killed: Promise<unknown> | null = null
    // Deposits run on while the relay dies under them; only what was answered counts.
    while (killed === null || held.length === 0) {
      const batch = Array.from({ length: 16 }, () => random(1_000))
      const depositing = port.deposit(
        contact,
        batch.map((envelope) => owner.deposit(envelope)),
      )
      if (held.length >= 160) killed = relay.end('SIGKILL')
      try {
        const outcomes = await depositing
        held.push(...batch.filter((_, index) => outcomes[index]?.kind === 'held'))
      } catch (error) {
        if (!isParleyError(error)) throw error
      }
    }
    await killed
    relay = await RelayProcess.start(dataDir, contact.addresses[0])
    expect(relay.started.relayId).toBe(contact.relayId)
    await owner.connect(port, contact)
    const wanted = held.map(digest)
    await owner.until(() => owner.received.length >= wanted.length)
    const received = owner.envelopes.map(digest)
    expect(received.filter((envelope) => wanted.includes(envelope))).toEqual(wanted)
    expect(new Set(received).size).toBe(received.length)
    await relay.end('SIGKILL')
  })

  test('what was acknowledged does not come back; a prekey and an invite are not given out twice', async () => {
    let relay = await RelayProcess.start(dataDir)
    const contact = relay.started
    const owner = new Owner()
    await owner.connect(port, contact)
    const [kept, lookupId, slotId] = [random(100), random(32), random(32)]
    const items = [random(50), random(50), random(50)]
    await owner.connection.putDirectory({ lookupId, items, lastResort: random(50), replace: true })
    await owner.connection.putInviteSlot({ slotId, item: random(60), expiresAtMs: Date.now() + 600_000 })
    await port.deposit(contact, [owner.deposit(random(100))])
    await owner.until(() => owner.received.length === 1)
    await owner.untilEmpty()
    owner.acknowledges = false
    await port.deposit(contact, [owner.deposit(kept)])
    expect(await port.takeDirectory(contact, lookupId)).toEqual(items[0])
    expect((await port.takeInvite(contact, slotId, random(16))).kind).toBe('item')
    await relay.end('SIGKILL')
    relay = await RelayProcess.start(dataDir, contact.addresses[0])
    const again = new Owner(owner.key)
    await again.connect(port, contact)
    await again.until(() => again.received.length === 1)
    expect(again.envelopes).toEqual([kept])
    expect(await port.takeDirectory(contact, lookupId)).toEqual(items[1])
    expect(await port.takeInvite(contact, slotId, random(16))).toEqual({ kind: 'used' })
    await relay.end('SIGKILL')
  })
})

describe('the command line', () => {
  test('SIGTERM and SIGINT end it cleanly, and its owners notice', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const relay = await RelayProcess.start(dataDir)
      const owner = new Owner()
      await owner.connect(port, relay.started)
      expect(await relay.end(signal)).toBe(0)
      expect(relay.log).toContain('relay-stopped')
      await owner.until(() => owner.closed.length === 1)
    }
  })

  test('a second relay in the same folder is refused; after a kill the folder is free', async () => {
    const relay = await RelayProcess.start(dataDir)
    const second = await runRelayCommand(['run', '--data', dataDir, '--listen', '/ip4/127.0.0.1/tcp/0'])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain('Another parley-relay runs in this data folder.')
    await relay.end('SIGKILL')
    const third = await RelayProcess.start(dataDir)
    await third.end('SIGTERM')
  })

  test('`address` prints what people paste; the keys are readable by the operator alone', async () => {
    expect((await runRelayCommand(['address', '--data', dataDir])).code).toBe(2)
    const relay = await RelayProcess.start(dataDir)
    const { code, stdout } = await runRelayCommand(['address', '--data', dataDir])
    expect([code, stdout]).toEqual([0, `${relay.started.paste}\n`])
    const { relayId, addresses } = relay.started
    expect(decodeRelayAddress(stdout)).toEqual({ relayId, addresses })
    await relay.end('SIGTERM')
    if (process.platform === 'win32') return
    for (const name of ['relay.key', 'libp2p.key']) {
      expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
    }
  })

  test('a wrong setting gets a sentence that names it', async () => {
    const config = join(dataDir, 'config.json')
    await writeFile(config, '{"retentionDays": 0}')
    const wrong = await runRelayCommand(['run', '--data', dataDir, '--config', config])
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toContain('retentionDays')
  })
})
