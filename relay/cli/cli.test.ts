/** The commands of an operator, each as a process of its own. */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../../main/net/relay-client/index.ts'
import { mailboxKey } from '../../main/ports/contract-tests/relay-owner.ts'
import { systemClock } from '../../main/runtime/system-clock.ts'
import { decodeRelayAddress } from '../../shared/wire/relay-address.ts'
import { RelayProcess, runRelayCommand } from '../testing/relay-process.ts'

const LISTEN = '/ip4/127.0.0.1/tcp/0'
const ON_LOOPBACK = { PARLEY_RELAY_LISTEN: LISTEN, PARLEY_RELAY_OPERATOR_LISTEN: '127.0.0.1:0' }

let dir: string
let data: string
let relay: RelayProcess | null = null

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-relay-cli-'))
  data = join(dir, 'relay')
})

afterEach(async () => {
  await relay?.end('SIGKILL')
  relay = null
  await rm(dir, { recursive: true, force: true })
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<RelayProcess> {
  relay = await RelayProcess.start(data, LISTEN, { env: { ...ON_LOOPBACK, ...env } })
  return relay
}

async function end(): Promise<void> {
  expect(await relay?.end('SIGTERM')).toBe(0)
  relay = null
}

describe('init', () => {
  test('makes keys and a config that runs, and never writes over one', async () => {
    const made = await runRelayCommand(['init', '--data', data, '--announce', '/dns4/relay.example/tcp/4001'])
    expect([made.code, made.stderr]).toEqual([0, ''])
    expect(made.stdout).toContain(`parley-relay run --data ${data}`)
    expect((await readdir(data)).sort()).toEqual(['config.yaml', 'libp2p.key', 'relay.key'])
    const again = await runRelayCommand(['init', '--data', data])
    expect([again.code, again.stdout]).toEqual([2, ''])
    expect(again.stderr).toContain('is there already')
    const { started } = await start()
    expect(started.addresses).toEqual(['/dns4/relay.example/tcp/4001'])
  })

  test('a wrong choice leaves nothing behind', async () => {
    const wrong = await runRelayCommand(['init', '--data', data, '--new-mailboxes', 'all'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('newMailboxes is wrong: it wants one of open, invite, list, secret, closed.')
    await expect(readdir(data)).rejects.toThrow('ENOENT')
  })
})

test('run: full addresses are the first lines, then the line to paste', async () => {
  const { started } = await start()
  const { fullAddresses, addresses, paste, operatorUrl } = started
  expect(fullAddresses).toHaveLength(addresses.length)
  for (const [index, address] of fullAddresses.entries()) {
    expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW\w{44}$/)
    expect(address.startsWith(`${addresses[index] ?? '-'}/p2p/`)).toBe(true)
  }
  expect(operatorUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(decodeRelayAddress(paste).addresses).toEqual(addresses)
})

describe('check', () => {
  test('of a folder that is right: it starts, every address answers, and the line to paste comes last', async () => {
    const { code, stdout } = await runRelayCommand(['check', '--data', data], ON_LOOPBACK)
    const lines = stdout.trim().split('\n')
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('There is no config file: everything has its default.')
    expect(stdout).toContain('It starts, and its database opens.')
    expect(stdout).toMatch(/ok +\/ip4\/127\.0\.0\.1\/tcp\/\d+ answers as this relay, in \d+ ms\./)
    expect(stdout).toContain('warning  Every address is of this machine or its local network')
    expect(decodeRelayAddress(lines.at(-1) ?? '').addresses).toHaveLength(1)
  })

  test('of a relay that runs: the running one is asked', async () => {
    const { started } = await start()
    const { code, stdout } = await runRelayCommand(['check', '--data', data], ON_LOOPBACK)
    expect([code, stdout.includes('The relay runs.')]).toEqual([0, true])
    expect(stdout.trim().endsWith(started.paste)).toBe(true)
  })

  test('an address that leads nowhere, a key that others can read and a full disk are faults', async () => {
    const nowhere = { ...ON_LOOPBACK, PARLEY_RELAY_ANNOUNCE: '/ip4/127.0.0.1/tcp/1' }
    const unreached = await runRelayCommand(['check', '--data', data], nowhere)
    expect(unreached.code).toBe(1)
    expect(unreached.stdout).toContain(
      'fault    /ip4/127.0.0.1/tcp/1 does not answer from here: nothing listens there.',
    )
    expect(unreached.stdout).not.toContain('parley://')
    const full = await runRelayCommand(['check', '--data', data], {
      ...ON_LOOPBACK,
      PARLEY_RELAY_MIN_FREE_DISK_BYTES: '9000000000000000',
    })
    expect([full.code, full.stdout.includes('that is now.')]).toEqual([1, true])
    if (process.platform === 'win32') return
    const { chmod } = await import('node:fs/promises')
    await chmod(join(data, 'relay.key'), 0o644)
    const open = await runRelayCommand(['check', '--data', data], ON_LOOPBACK)
    expect([open.code, open.stdout.includes('relay.key is readable by others')]).toEqual([1, true])
  })

  test('a wrong setting is told as `run` tells it', async () => {
    const config = join(dir, 'config.yaml')
    await writeFile(config, 'retentionDay: 3\n')
    const { code, stderr } = await runRelayCommand(['check', '--data', data, '--config', config])
    expect([code, stderr]).toEqual([2, 'There is no setting called retentionDay. Did you mean retentionDays?\n'])
  })
})

test('stats: the numbers of the relay that runs, as text and JSON; a sentence when none does', async () => {
  const none = await runRelayCommand(['stats', '--data', data])
  expect([none.code, none.stderr]).toEqual([2, `No relay runs in ${data}, or its operator.listen is "off".\n`])
  await start()
  const text = await runRelayCommand(['stats', '--data', data])
  expect(text.stdout).toMatch(/^state +running, for \d+ seconds?\n/)
  const json: unknown = JSON.parse((await runRelayCommand(['stats', '--data', data, '--json'])).stdout)
  expect(json).toMatchObject({ state: 'running', totals: { deposits: 0 }, gauges: { mailboxes: 0 } })
  await end()
  expect((await runRelayCommand(['stats', '--data', data])).code).toBe(2)
})

test('token: the line that `issue` prints opens a mailbox at a relay that wants invites, until it is revoked', async () => {
  const { started } = await start({ PARLEY_RELAY_NEW_MAILBOXES: 'invite' })
  const issued = await runRelayCommand(['token', 'issue', '--data', data, '--name', 'Ann', '--uses', '2'])
  const line = decodeRelayAddress(issued.stdout)
  expect(line).toMatchObject({ relayId: started.relayId, addresses: started.addresses })
  expect(line.admission).toHaveLength(16)
  const port = createRelayClient({ clock: systemClock })
  const handlers = { onPush: () => Promise.resolve([]), onStock: () => undefined, onClosed: () => undefined }
  const connect = (admission: Uint8Array | undefined) =>
    port.connectOwner({ ...started, ...(admission === undefined ? {} : { admission }) }, mailboxKey(), handlers)
  await expect(connect(undefined)).rejects.toThrow('relay-invite-needed')
  await connect(line.admission)
  const listed = await runRelayCommand(['token', 'list', '--data', data])
  expect(listed.stdout).toMatch(/^[0-9a-f]{8} {2}open +1\/2 {2}until \d{4}-\d\d-\d\d {2}Ann\n$/)
  expect(listed.stdout).not.toContain(issued.stdout.trim())
  const id = listed.stdout.slice(0, 8)
  expect((await runRelayCommand(['token', 'revoke', id, '--data', data])).stdout).toContain('the 1 that it opened stay')
  await expect(connect(line.admission)).rejects.toThrow('relay-invite-needed')
  await port.stop()
  expect((await runRelayCommand(['token', 'list', '--data', data])).stdout).toBe('There are no invites.\n')
  const unknown = await runRelayCommand(['token', 'revoke', id, '--data', data])
  expect([unknown.code, unknown.stderr.includes(`There is no invite ${id}`)]).toEqual([2, true])
  const wrong = await runRelayCommand(['token', 'issue', '--data', data, '--name', 'x', '--uses', '0'])
  expect(wrong.stderr).toContain('It wants a whole number from 1 to 100000.')
})

test('backup of a relay that runs, and restore: the same relay, in a folder of its own', async () => {
  const { started } = await start()
  const [copy, again] = [join(dir, 'copy'), join(dir, 'again')]
  const made = await runRelayCommand(['backup', copy, '--data', data])
  expect([made.code, made.stdout.includes(`are in ${copy}`)]).toEqual([0, true])
  await end()
  const restored = await runRelayCommand(['restore', copy, '--data', again])
  expect([restored.code, restored.stderr]).toEqual([0, ''])
  expect((await runRelayCommand(['restore', copy, '--data', again])).stderr).toContain('holds something already')
  data = again
  const second = await start()
  expect(second.started.relayId).toBe(started.relayId)
  expect(second.log).toContain('database-was-restored')
  if (process.platform === 'win32') return
  for (const name of await readdir(again)) expect((await stat(join(again, name))).mode & 0o077, name).toBe(0)
})

test('schema: what is published in docs', async () => {
  const { stdout } = await runRelayCommand(['schema'])
  const docs = await readFile(new URL('../../docs/relay-config.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(stdout)).toEqual(JSON.parse(docs))
})
