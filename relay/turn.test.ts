import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { mailboxKey } from '../main/ports/contract-tests/relay-owner.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { checkTogether, ConfigError, configSchema } from './config.ts'
import { LocalRelay } from './testing/local-relay.ts'
import { allocate } from './testing/turn-client.ts'
import { turnCredentials, turnServers } from './turn.ts'

const SECRET = 'a secret that both know'
const NOW_MS = 1_780_000_000_000

test('the user says until when and nobody else, and differs each time; the password is made of both', () => {
  const servers = { urls: ['turn:relay.example:3478'], secret: SECRET, ttlMinutes: 60 }
  const one = turnCredentials(servers, NOW_MS)
  expect(one).toMatchObject({ urls: servers.urls, validSeconds: 3_600 })
  expect(one.username).toMatch(/^1780003600:[0-9a-f]{24}$/)
  expect(Buffer.from(one.password, 'base64')).toHaveLength(20)
  const other = turnCredentials(servers, NOW_MS)
  expect(other.username).not.toBe(one.username)
  expect(other.password).not.toBe(one.password)
})

test('the secret comes from the config or a file of its own, and from nowhere else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-turn-'))
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, `${SECRET}\n`)
  const urls = ['turn:relay.example:3478']
  const of = (turn: object) => turnServers(configSchema.parse({ turn: { urls, ...turn } }))
  expect(of({ secretFile })).toEqual({ urls, secret: SECRET, ttlMinutes: 120 })
  expect(of({ secret: SECRET, ttlMinutes: 5 })).toEqual({ urls, secret: SECRET, ttlMinutes: 5 })
  expect(turnServers(configSchema.parse({}))).toBeNull()
  expect(() => of({ secretFile: join(dir, 'none') })).toThrow(ConfigError)
  writeFileSync(secretFile, '\n')
  expect(() => of({ secretFile })).toThrow('is empty')
  for (const wrong of [{}, { secret: SECRET, secretFile }, { secret: 'short' }]) {
    expect(() => checkTogether(configSchema.parse({ turn: { urls, ...wrong } }))).toThrow(ConfigError)
  }
  expect(configSchema.safeParse({ turn: { urls: ['http://relay.example'], secret: SECRET } }).success).toBe(false)
  rmSync(dir, { recursive: true })
})

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

async function startCoturn(port: number): Promise<ChildProcess> {
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, '--realm=parley'],
      ...['--use-auth-secret', `--static-auth-secret=${SECRET}`, '--allow-loopback-peers', '--no-cli'],
      ...['--no-tls', '--no-dtls', '--no-tcp', '--log-file=stdout', '--pidfile=', '--userdb=:memory:', '--verbose'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('UDP listener opened')) break
  }
  child.stdout.resume()
  return child
}

/** Debian's package `coturn`: `npm test` installs it where it may. */
const hasCoturn = spawnSync('turnserver', ['--version']).error === undefined

describe.skipIf(!hasCoturn)(`coturn${hasCoturn ? '' : ' (not run: turnserver is missing)'}`, () => {
  let port: number
  let coturn: ChildProcess

  beforeAll(async () => {
    port = await freeUdpPort()
    coturn = await startCoturn(port)
  })

  afterAll(async () => {
    const ended = once(coturn, 'exit')
    coturn.kill()
    await ended
  })

  test('takes what an owner was given over the wire, until it is over, and nothing made up', async () => {
    const urls = [`turn:127.0.0.1:${port}?transport=udp`]
    const relay = await LocalRelay.start({ config: { turn: { urls, secret: SECRET, secretFile: '', ttlMinutes: 10 } } })
    const client = createRelayClient({ clock: systemClock })
    try {
      const owner = await client.connectOwner(relay.contact, mailboxKey(), {
        onPush: () => Promise.resolve([]),
        onStock: () => undefined,
        onClosed: () => undefined,
      })
      const given = await owner.turnCredentials()
      if (given === null) throw new Error('none given')
      expect(given).toMatchObject({ urls, validSeconds: 600 })
      expect(await allocate(port, given)).toBe('allocated')
      expect(await allocate(port, { ...given, password: randomBytes(20).toString('base64') })).toBe(401)
      const later = given.username.replace(/^\d/, '9')
      expect(await allocate(port, { ...given, username: later })).toBe(401)
    } finally {
      await client.stop()
      await relay.remove()
    }
    const old = turnCredentials({ urls, secret: SECRET, ttlMinutes: 10 }, Date.now() - 11 * 60_000)
    expect(await allocate(port, old)).toBe(401)
    const foreign = turnCredentials({ urls, secret: 'another secret there', ttlMinutes: 10 }, Date.now())
    expect(await allocate(port, foreign)).toBe(401)
  })
})
