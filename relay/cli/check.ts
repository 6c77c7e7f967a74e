/** `parley-relay check`: whether the relay would run and be reached, a sentence a line; exit code 1 when it would not. */

import { randomBytes } from 'node:crypto'
import { constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { access, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRelayAddress } from '../../shared/wire/relay-address.ts'
import { configFileOf, loadConfig } from '../config-file.ts'
import type { RelayConfig } from '../config.ts'
import { DATABASE_FILE, LIBP2P_KEY_FILE, LOCK_FILE, RELAY_KEY_FILE } from '../data-files.ts'
import { bytesText } from '../operator/quantity.ts'
import { startRelay } from '../relay.ts'
import { lockDataDir } from '../storage/data-lock.ts'
import { checkDatabase } from '../storage/sqlite-check.ts'
import { dialRelay } from './dial-relay.ts'
import { pasteLineOf } from './print-address.ts'

const EXIT_FAULTY = 1
/** Parley 0.2: no clock that is right says an earlier day. */
const BUILT_AFTER_MS = Date.parse('2025-11-01')

type Verdict = 'ok' | 'warning' | 'fault'

export interface Finding {
  readonly verdict: Verdict
  readonly sentence: string
}

export interface CheckOptions {
  readonly data: string
  readonly config?: string
}

export async function check(options: CheckOptions): Promise<void> {
  const config = loadConfig(configFileOf(options.data, options.config), process.env)
  let faulty = false
  const tell = ({ verdict, sentence }: Finding): void => {
    faulty ||= verdict === 'fault'
    process.stdout.write(`${verdict.padEnd(7)}  ${sentence}\n`)
  }
  const file = configFileOf(options.data, options.config)
  tell(
    ok(file === null ? 'There is no config file: everything has its default.' : `The settings in ${file} are right.`),
  )
  for (const finding of await folderFindings(options.data, config)) tell(finding)
  for (const finding of databaseFindings(options.data)) tell(finding)
  for (const finding of await clockFindings(options.data)) tell(finding)
  if (!faulty) {
    const { findings, paste } = await reachFindings(options.data, config)
    for (const finding of findings) tell(finding)
    if (!faulty) process.stdout.write(`\nPeople paste this into Parley under Settings, Network:\n${paste}\n`)
  }
  if (faulty) process.exitCode = EXIT_FAULTY
}

function ok(sentence: string): Finding {
  return { verdict: 'ok', sentence }
}

async function folderFindings(dataDir: string, config: RelayConfig): Promise<readonly Finding[]> {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const probe = join(dataDir, `check-${randomBytes(4).toString('hex')}`)
    await access(dataDir, constants.W_OK)
    await writeFile(probe, 'check', { mode: 0o600, flush: true })
    await rm(probe)
  } catch {
    return [{ verdict: 'fault', sentence: `The data folder ${dataDir} cannot be written to.` }]
  }
  return [
    ok(`The data folder ${dataDir} can be written to.`),
    ...keyFindings(dataDir),
    await diskFinding(dataDir, config),
  ]
}

/** Reads all of it: minutes, where there are gigabytes. */
function databaseFindings(dataDir: string): readonly Finding[] {
  const path = join(dataDir, DATABASE_FILE)
  if (!existsSync(path)) return []
  const { problems, damagedEnvelopes } = checkDatabase(path)
  const [problem] = problems
  if (problem !== undefined) {
    const advice = 'Stop the relay, copy its folder to another disk, and restore a backup or start on the copy'
    return [{ verdict: 'fault', sentence: `The database is damaged (${problem}). ${advice}.` }]
  }
  if (damagedEnvelopes === 0) return [ok('Every page and envelope in the database is whole.')]
  const damaged = damagedEnvelopes === 1 ? 'One envelope is' : `${damagedEnvelopes} envelopes are`
  return [
    {
      verdict: 'warning',
      sentence: `${damaged} damaged: the disk may be failing. Senders deposit again what is missed.`,
    },
  ]
}

function keyFindings(dataDir: string): readonly Finding[] {
  if (process.platform === 'win32') return []
  return [RELAY_KEY_FILE, LIBP2P_KEY_FILE].flatMap((name): readonly Finding[] => {
    const path = join(dataDir, name)
    if (!existsSync(path)) return []
    if ((statSync(path).mode & 0o077) === 0) return [ok(`${name} is readable by its owner alone.`)]
    return [{ verdict: 'fault', sentence: `${path} is readable by others: run "chmod 600 ${path}".` }]
  })
}

async function diskFinding(dataDir: string, { minFreeDiskBytes }: RelayConfig): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir)
  const free = bavail * bsize
  const words = `${bytesText(free)} of disk are free; below ${bytesText(minFreeDiskBytes)} nothing new is taken`
  if (free < minFreeDiskBytes) return { verdict: 'fault', sentence: `${words}: that is now.` }
  return free < minFreeDiskBytes * 5 ? { verdict: 'warning', sentence: `${words}: that is near.` } : ok(`${words}.`)
}

/** Expiry goes by the clock. Without a network to ask, what lies on the disk tells whether it was set back. */
async function clockFindings(dataDir: string): Promise<readonly Finding[]> {
  const nowMs = Date.now()
  const newestMs = await newestChangeMs(dataDir)
  const findings: Finding[] = []
  if (nowMs < BUILT_AFTER_MS || newestMs > nowMs + 60_000) {
    findings.push({
      verdict: 'fault',
      sentence: `The clock says ${new Date(nowMs).toISOString()}, which is in the past.`,
    })
  } else {
    findings.push(ok(`The clock says ${new Date(nowMs).toISOString()}, later than anything in the data folder.`))
  }
  // systemd's sign that a time server has been heard.
  if (existsSync('/run/systemd/timesync') && !existsSync('/run/systemd/timesync/synchronized')) {
    findings.push({ verdict: 'warning', sentence: 'No time server has set the clock since the machine started.' })
  }
  return findings
}

async function newestChangeMs(dataDir: string): Promise<number> {
  const times = await Promise.all(
    (await readdir(dataDir)).map(async (name) => (await stat(join(dataDir, name)).catch(() => null))?.mtimeMs ?? 0),
  )
  return Math.max(0, ...times)
}

interface Reach {
  readonly findings: readonly Finding[]
  readonly paste: string
}

/** Of the relay that runs in that folder, or of one that is started for the moment. */
async function reachFindings(dataDir: string, config: RelayConfig): Promise<Reach> {
  if (!isFree(dataDir)) {
    const paste = (await pasteLineOf(dataDir)).trim()
    const findings = await dialFindings(decodeRelayAddress(paste))
    return { findings: [ok('The relay runs.'), ...findings], paste }
  }
  const silent = { debug: () => undefined, info: () => undefined, error: () => undefined }
  const relay = await startRelay({ dataDir, config: { ...config, operator: { listen: 'off' } }, log: silent }).catch(
    (error: unknown) => (error instanceof Error ? error : Promise.reject(new Error('the relay did not start'))),
  )
  if (relay instanceof Error) {
    return { findings: [{ verdict: 'fault', sentence: `It does not start: ${relay.message}` }], paste: '' }
  }
  try {
    const addresses = relay.addresses()
    const findings = await dialFindings({ relayId: relay.relayId, addresses })
    return { findings: [ok('It starts, and its database opens.'), ...findings], paste: relay.pasteText() }
  } finally {
    await relay.stop()
  }
}

function isFree(dataDir: string): boolean {
  try {
    lockDataDir(join(dataDir, LOCK_FILE))()
    return true
  } catch {
    return false
  }
}

/** Some that do not answer from here may from elsewhere: many routers do not lead back in. None at all is a fault. */
async function dialFindings(relay: ReturnType<typeof decodeRelayAddress>): Promise<readonly Finding[]> {
  if (relay.addresses.length === 0)
    return [{ verdict: 'fault', sentence: 'It hands out no address: see listen and announce.' }]
  const answers = await Promise.all(
    relay.addresses.map(async (address) => ({ address, answer: await dialRelay(address, relay.relayId) })),
  )
  const reached = answers.some(({ answer }) => answer.reached)
  const findings = answers.map(({ address, answer }): Finding => {
    if (answer.reached) return ok(`${address} answers as this relay, in ${Math.round(answer.roundTripMs)} ms.`)
    return { verdict: reached ? 'warning' : 'fault', sentence: `${address} does not answer from here: ${answer.why}.` }
  })
  const outside = relay.addresses.some((address) => !isPrivate(address))
  if (outside) return findings
  const sentence = 'Every address is of this machine or its local network: people elsewhere need one in announce.'
  return [...findings, { verdict: 'warning', sentence }]
}

function isPrivate(address: string): boolean {
  return /^\/ip4\/(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|^\/ip6\/(::1\/|f[cde])/.test(address)
}
