/** The operator's choices: a JSON file, then PARLEY_RELAY_* variables over it. docs/relay.md lists them. */

import { readFileSync } from 'node:fs'
import * as z from 'zod/mini'

const positive = z.int().check(z.minimum(1))

export const configSchema = z.strictObject({
  /** Multiaddrs to listen on. */
  listen: z._default(z.array(z.string()), ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/udp/4001/quic-v1']),
  /** Addresses to hand out where they differ from the listening ones: behind NAT, with a name. */
  announce: z._default(z.array(z.string()), []),
  retentionDays: z._default(positive.check(z.maximum(365)), 30),
  maxEnvelopeBytes: z._default(positive.check(z.maximum(200_000)), 200_000),
  maxBlobBytes: z._default(positive, 101_000_000),
  mailboxMaxEnvelopes: z._default(positive, 20_000),
  mailboxMaxBytes: z._default(positive, 200_000_000),
  mailboxMaxBlobBytes: z._default(positive, 1_000_000_000),
  maxMailboxes: z._default(positive, 100_000),
  /** Who may open a mailbox here: anybody, or nobody new. */
  newMailboxes: z._default(z.enum(['open', 'closed']), 'open'),
  /** Connections a second from one address; several people may share one. */
  connectionsPerSecond: z._default(positive, 200),
  maxConnections: z._default(positive, 5_000),
  circuitReservations: z._default(positive, 1_000),
  circuitMinutes: z._default(positive, 60),
  circuitBytes: z._default(positive, 64 * 1024 * 1024),
})

export type RelayConfig = z.output<typeof configSchema>

/** A sentence that says which setting is wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** @throws ConfigError */
export function loadConfig(file: string | null, env: Readonly<Record<string, string | undefined>>): RelayConfig {
  const fromFile = file === null ? {} : readJson(file)
  const parsed = configSchema.safeParse({ ...fromFile, ...fromEnvironment(env) })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ConfigError(`The setting ${issue?.path.join('.') ?? ''} is wrong: ${issue?.message ?? 'it does not fit'}.`)
}

function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw new ConfigError(`The config file ${file} cannot be read as JSON.`, { cause })
  }
  throw new ConfigError(`The config file ${file} holds no settings.`)
}

/** `PARLEY_RELAY_RETENTION_DAYS=7` sets retentionDays; lists are separated by commas. */
function fromEnvironment(env: Readonly<Record<string, string | undefined>>): object {
  const settings = Object.keys(configSchema.shape).flatMap((key) => {
    const value = env[`PARLEY_RELAY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`]
    if (value === undefined) return []
    return [[key, parseValue(key, value)] as const]
  })
  return Object.fromEntries(settings)
}

function parseValue(key: string, value: string): unknown {
  if (key === 'listen' || key === 'announce') return value.split(',')
  return /^\d+$/.test(value) ? Number(value) : value
}
