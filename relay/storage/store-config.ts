/** Which engine keeps a relay's data: the section `store`. docs/relay.md, "More than one machine". */

import * as z from 'zod/mini'

const HOST = /^(\/.+|[^\s/]+)$/

const sqlite = z.strictObject({
  kind: z.literal('sqlite').check(z.describe('sqlite: one file in the data folder; postgres: a server or a cluster')),
})

const postgres = z.strictObject({
  kind: z.literal('postgres'),
  hosts: z
    .array(z.string().check(z.regex(HOST)))
    .check(
      z.minLength(1),
      z.maxLength(16),
      z.describe('Every server, host or host:port, or the folder of a local socket; the primary is found among them'),
    ),
  database: z._default(z.string(), 'parley').check(z.describe('Its name')),
  user: z._default(z.string(), 'parley').check(z.describe('Who owns it')),
  password: z._default(z.string(), '').check(z.describe("The user's password")),
  passwordFile: z._default(z.string(), '').check(z.describe('Or a file that holds it')),
  tls: z
    ._default(z.enum(['off', 'verify']), 'verify')
    .check(z.describe("verify: encrypted, and the certificate is held against the server's name; or off")),
  tlsAuthorityFile: z
    ._default(z.string(), '')
    .check(z.describe('PEM file of who signed the certificates, where the system does not know it')),
  requireReplica: z
    ._default(z.boolean(), true)
    .check(z.describe('Uses no server that confirms a commit before a second one has flushed it')),
  connections: z
    ._default(z.int().check(z.minimum(1), z.maximum(32)), 4)
    .check(z.describe('That write deposits; as many again read, and four do the rest')),
  partitions: z
    ._default(z.int().check(z.minimum(1), z.maximum(256)), 16)
    .check(z.describe('Into how many parts the tables are cut when they are made; 1: plain tables')),
  blobsFolder: z
    ._default(z.string(), '')
    .check(z.describe('One folder for the attachments of all front ends; none: in the data folder, good for one')),
})

export const storeSchema = z.discriminatedUnion('kind', [sqlite, postgres])

export type PostgresConfig = z.output<typeof postgres>
