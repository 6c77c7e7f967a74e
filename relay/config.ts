/** The operator's choices: names, bounds, defaults and what each is for. docs/relay.md lists them; `config-file.ts` reads them. */

import * as z from 'zod/mini'
import { MAX_DEPOSIT_BYTES } from '../shared/wire/relay-requests.ts'
import { storeSchema } from './storage/store-config.ts'

const positive = z.int().check(z.minimum(1))
const orNone = z.int().check(z.minimum(0))
const MIB = 1024 * 1024

/** A setting with its default and the sentence that `init` writes above it. */
function setting<T extends z.core.SomeType>(
  schema: T,
  fallback: z.core.util.NoUndefined<z.output<T>>,
  purpose: string,
) {
  return z._default(schema, fallback).check(z.describe(purpose))
}

const operatorSchema = z.strictObject({
  /** Loopback alone: who may read it is who may log in here. */
  listen: setting(
    z.string().check(z.regex(/^(off|(127\.0\.0\.1|localhost|\[::1\]):\d{1,5})$/)),
    '127.0.0.1:0',
    'Status page, metrics and health: 127.0.0.1, localhost or [::1] and a port (0: a free one), or "off"',
  ),
})

const turnSchema = z.strictObject({
  urls: setting(
    z.array(z.string().check(z.maxLength(255), z.regex(/^turns?:/))).check(z.maxLength(8)),
    [],
    'A coturn (use-auth-secret) for owners of mailboxes: turn:relay.example.org:3478 and the like; none: no TURN',
  ),
  secret: setting(z.string(), '', "The same as coturn's static-auth-secret, of at least 16 characters"),
  secretFile: setting(z.string(), '', 'Or a file that holds it'),
  ttlMinutes: setting(positive.check(z.maximum(24 * 60)), 120, 'How long credentials are good'),
})

export const configSchema = z.strictObject({
  listen: setting(
    z.array(z.string()).check(z.minLength(1)),
    ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/udp/4001/quic-v1'],
    'Multiaddrs to listen on: TCP, WebSocket (…/tcp/4002/ws), QUIC',
  ),
  announce: setting(
    z.array(z.string()),
    [],
    'Addresses to hand out instead of those: behind NAT, or with a name (/dns4/relay.example.org/tcp/4001)',
  ),

  newMailboxes: setting(
    z.enum(['open', 'invite', 'list', 'secret', 'closed']),
    'open',
    'Who may open a mailbox: open (anyone), invite (holders of an invite from "parley-relay token"), list (who is in mailboxList), secret (who knows operatorSecret), closed (nobody new)',
  ),
  operatorSecret: setting(
    z.string().check(z.maxLength(64)),
    '',
    'What those must know where newMailboxes is "secret": 16 to 64 characters',
  ),
  mailboxList: setting(
    z.array(z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/))).check(z.maxLength(10_000)),
    [],
    'Where newMailboxes is "list": base64url SHA-256 of the secrets that open a mailbox, or of mailbox keys',
  ),

  retentionDays: setting(positive.check(z.maximum(365)), 30, 'How long envelopes and attachments are held at most'),
  maxEnvelopeBytes: setting(
    positive.check(z.maximum(MAX_DEPOSIT_BYTES)),
    MAX_DEPOSIT_BYTES,
    'The largest envelope that is taken',
  ),
  maxBlobBytes: setting(positive, 101_000_000, 'The largest attachment that is taken'),
  maxMailboxes: setting(positive, 100_000, 'Mailboxes in all: one for each device of each person'),
  mailboxMaxEnvelopes: setting(positive, 20_000, 'Envelopes that wait in one mailbox'),
  mailboxMaxBytes: setting(positive, 200_000_000, 'Their bytes'),
  mailboxMaxBlobBytes: setting(positive, 1_000_000_000, 'Bytes of attachments of one mailbox'),
  mailboxMaxTokens: setting(positive, 20_000, 'Contacts of one mailbox, about'),
  mailboxMaxDirectories: setting(positive, 8, 'Prekey directories of one mailbox'),
  mailboxMaxInvites: setting(positive, 1_000, 'Open invites of one mailbox'),
  mailboxMaxDoorEnvelopes: setting(orNone, 32, 'Envelopes of strangers that wait in one mailbox'),
  doorBits: setting(
    orNone.check(z.maximum(30)),
    18,
    'What a stranger works for one envelope: SHA-256 that begins with so many zero bits, and more under load',
  ),
  tokenEnvelopesPerDay: setting(positive, 10_000, 'Envelopes of one sender to one mailbox in a day'),
  tokenBytesPerDay: setting(positive, 1_000_000_000, 'The same in bytes, attachments included'),
  minFreeDiskBytes: setting(orNone, 100 * MIB, 'With less free disk nothing new is taken; what is held still goes out'),

  maxConnections: setting(positive, 5_000, 'Connections in all'),
  connectionsPerAddress: setting(positive, 256, 'Connections from one address; several people may share one'),
  newConnectionsPerSecondPerAddress: setting(positive, 50, 'New connections from one address in a second'),
  handshakesPerAddress: setting(positive, 64, 'Connections from one address that have not shown their key yet'),
  directoryTakesPerMinutePerAddress: setting(positive, 120, 'Prekeys that one address may fetch in a minute'),
  inviteTakesPerMinutePerAddress: setting(positive, 60, 'Invites that one address may take in a minute'),
  doorChallengesPerMinutePerAddress: setting(positive, 30, 'Challenges for front doors that one address may ask for'),
  newMailboxesPerHourPerAddress: setting(positive, 2_000, 'Mailboxes that one address may open in an hour'),
  oneTimeItemsPerHour: setting(positive, 60, 'One-time prekeys of a directory in an hour; past this its last resort'),
  oneTimeItemsPerHourPerAddress: setting(positive, 8, 'The same for one neighbourhood of addresses'),
  maxRequestBytes: setting(
    positive.check(z.minimum(MIB)),
    128 * MIB,
    'Bytes of requests under way, of all clients together',
  ),

  circuitReservations: setting(positive, 1_000, 'Devices that can be reached through this relay'),
  circuitMinutes: setting(positive, 60, 'How long one circuit may last'),
  circuitBytes: setting(positive, 64 * MIB, 'What one circuit may carry'),

  logLevel: setting(z.enum(['error', 'info', 'debug']), 'info', 'What is logged; no level holds ids or addresses'),
  turn: z.prefault(turnSchema, {}).check(z.describe('Relaying of calls by a coturn beside this relay')),
  operator: z.prefault(operatorSchema, {}).check(z.describe("The operator's own loopback port")),
  store: z
    ._default(storeSchema, { kind: 'sqlite' })
    .check(z.describe('Where everything is kept: embedded (sqlite), or in PostgreSQL')),
})

export type RelayConfig = z.output<typeof configSchema>

/** A sentence that says which setting is wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** What no single setting can say. @throws ConfigError */
export function checkTogether(config: RelayConfig): RelayConfig {
  if (config.newMailboxes === 'secret' && config.operatorSecret.length < 16) {
    throw new ConfigError('The setting operatorSecret is wrong: newMailboxes is "secret", so it needs 16 characters.')
  }
  if (config.newMailboxes === 'list' && config.mailboxList.length === 0) {
    throw new ConfigError('The setting mailboxList is wrong: newMailboxes is "list", and the list is empty.')
  }
  const { urls, secret, secretFile } = config.turn
  if (urls.length > 0 && (secret === '') === (secretFile === '')) {
    throw new ConfigError('The section turn is wrong: with urls it needs one of secret and secretFile.')
  }
  if (secret !== '' && secret.length < 16) {
    throw new ConfigError('The setting turn.secret is wrong: it needs 16 characters.')
  }
  return config
}
