/** The operator's choices: a JSON file, then PARLEY_RELAY_* variables over it. docs/relay.md lists them. */

import { readFileSync } from 'node:fs'
import * as z from 'zod/mini'
import { MAX_DEPOSIT_BYTES } from '../shared/wire/relay-requests.ts'

const positive = z.int().check(z.minimum(1))
const orNone = z.int().check(z.minimum(0))
const MIB = 1024 * 1024

const turnSchema = z
  .strictObject({
    /** `turn:relay.example:3478` and the like. */
    urls: z.array(z.string().check(z.maxLength(255), z.regex(/^turns?:/))).check(z.minLength(1), z.maxLength(8)),
    /** The same as coturn's `static-auth-secret`; or a file that holds it. */
    secret: z.optional(z.string().check(z.minLength(16))),
    secretFile: z.optional(z.string()),
    ttlMinutes: z._default(positive.check(z.maximum(24 * 60)), 120),
  })
  .check(
    z.refine(
      ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
      'one of secret and secretFile',
    ),
  )

export const configSchema = z.strictObject({
  /** Multiaddrs to listen on: TCP, WebSocket, QUIC. */
  listen: z._default(z.array(z.string()).check(z.minLength(1)), [
    '/ip4/0.0.0.0/tcp/4001',
    '/ip4/0.0.0.0/udp/4001/quic-v1',
  ]),
  /** Addresses to hand out instead of the listening ones: behind NAT, or with a name. */
  announce: z._default(z.array(z.string()), []),
  /** Who may open a mailbox here. */
  newMailboxes: z._default(z.enum(['open', 'secret', 'closed']), 'open'),
  /** What those must know where `newMailboxes` is `secret`. */
  operatorSecret: z._default(z.string().check(z.maxLength(64)), ''),

  retentionDays: z._default(positive.check(z.maximum(365)), 30),
  maxEnvelopeBytes: z._default(positive.check(z.maximum(MAX_DEPOSIT_BYTES)), MAX_DEPOSIT_BYTES),
  maxBlobBytes: z._default(positive, 101_000_000),
  maxMailboxes: z._default(positive, 100_000),
  mailboxMaxEnvelopes: z._default(positive, 20_000),
  mailboxMaxBytes: z._default(positive, 200_000_000),
  mailboxMaxBlobBytes: z._default(positive, 1_000_000_000),
  mailboxMaxTokens: z._default(positive, 20_000),
  mailboxMaxDirectories: z._default(positive, 8),
  mailboxMaxInvites: z._default(positive, 1_000),
  /** Envelopes of strangers that wait in one mailbox. */
  mailboxMaxDoorEnvelopes: z._default(orNone, 32),
  /** What a stranger works for one envelope: SHA-256 that begins with so many zero bits, and more under load. */
  doorBits: z._default(orNone.check(z.maximum(30)), 18),
  /** Of one sender to one mailbox. */
  tokenEnvelopesPerDay: z._default(positive, 10_000),
  /** The same, envelopes and attachments together. */
  tokenBytesPerDay: z._default(positive, 1_000_000_000),
  /** Below this much free disk nothing new is taken; what is held still goes out. */
  minFreeDiskBytes: z._default(orNone, 100 * MIB),

  maxConnections: z._default(positive, 5_000),
  /** Several people may share one address. */
  connectionsPerAddress: z._default(positive, 256),
  newConnectionsPerSecondPerAddress: z._default(positive, 50),
  /** Connections that have not shown their key yet. */
  handshakesPerAddress: z._default(positive, 64),
  directoryTakesPerMinutePerAddress: z._default(positive, 120),
  inviteTakesPerMinutePerAddress: z._default(positive, 60),
  doorChallengesPerMinutePerAddress: z._default(positive, 30),
  newMailboxesPerHourPerAddress: z._default(positive, 2_000),
  /** Past this a directory hands out its last resort: to everybody together, and to one neighbourhood of addresses. */
  oneTimeItemsPerHour: z._default(positive, 60),
  oneTimeItemsPerHourPerAddress: z._default(positive, 8),
  /** Requests that are being carried out, of all clients together. */
  maxRequestBytes: z._default(positive.check(z.minimum(MIB)), 128 * MIB),

  circuitReservations: z._default(positive, 1_000),
  circuitMinutes: z._default(positive, 60),
  circuitBytes: z._default(positive, 64 * MIB),

  /** A coturn (`use-auth-secret`) for owners of mailboxes. */
  turn: z.optional(turnSchema),
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
  if (!parsed.success) throw new ConfigError(sentenceOf(parsed.error.issues[0]))
  if (parsed.data.newMailboxes === 'secret' && parsed.data.operatorSecret.length < 16) {
    throw new ConfigError('The setting operatorSecret is wrong: newMailboxes is "secret", so it needs 16 characters.')
  }
  return parsed.data
}

function sentenceOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'The settings are wrong.'
  if (issue.code === 'unrecognized_keys') return `There is no setting called ${issue.keys.join(', ')}.`
  return `The setting ${issue.path.join('.')} is wrong: ${issue.message}.`
}

function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new ConfigError(`The config file ${file} cannot be read as JSON.`, { cause })
  }
  throw new ConfigError(`The config file ${file} holds no settings.`)
}

/** `PARLEY_RELAY_RETENTION_DAYS=7` sets retentionDays; lists are separated by commas. */
function fromEnvironment(env: Readonly<Record<string, string | undefined>>): object {
  const settings = Object.keys(configSchema.shape).flatMap((key) => {
    const value = env[`PARLEY_RELAY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`]
    return value === undefined ? [] : [[key, parseValue(key, value)] as const]
  })
  return Object.fromEntries(settings)
}

function parseValue(key: string, value: string): unknown {
  if (key === 'listen' || key === 'announce') return value.split(',').map((address) => address.trim())
  if (key === 'operatorSecret') return value
  if (key === 'turn') return parseJson(key, value)
  return /^\d+$/.test(value) ? Number(value) : value
}

/** @throws ConfigError */
function parseJson(key: string, value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw new ConfigError(`The setting ${key} is not JSON.`, { cause })
  }
}
