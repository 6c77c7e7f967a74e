/** Which engine keeps a relay's data: the setting `store`. docs/relay.md, "More than one machine". */

import * as z from 'zod/mini'

const host = z.string().check(z.regex(/^[^\s/]+$|^\//, 'host, host:port or the folder of a socket'))

const sqlite = z.strictObject({ kind: z.literal('sqlite') })

const postgres = z.strictObject({
  kind: z.literal('postgres'),
  /** Every server of the cluster, `host` or `host:port`, or the folder of a local socket; the primary is found among them. */
  hosts: z.array(host).check(z.minLength(1), z.maxLength(16)),
  database: z._default(z.string(), 'parley'),
  user: z._default(z.string(), 'parley'),
  password: z._default(z.string(), ''),
  /** A file that holds the password alone; read at the start. */
  passwordFile: z._default(z.string(), ''),
  /** `verify`: encrypted, and the server's certificate is held against its name. */
  tls: z._default(z.enum(['off', 'verify']), 'verify'),
  /** PEM file of who signed the servers' certificates, where the system does not know it. */
  tlsAuthorityFile: z._default(z.string(), ''),
  /** Refuses to run on a server that would confirm a commit before a second one has flushed it. */
  requireReplica: z._default(z.boolean(), true),
  /** Connections that write; as many again read. */
  connections: z._default(z.int().check(z.minimum(1), z.maximum(32)), 4),
  /** Into how many parts the tables are cut when they are made; 1 makes plain ones. */
  partitions: z._default(z.int().check(z.minimum(1), z.maximum(256)), 16),
  /** Attachments of all front ends: one folder that all of them mount. Empty: in the data folder, good for one front end. */
  blobsFolder: z._default(z.string(), ''),
})

export const storeSchema = z.discriminatedUnion('kind', [sqlite, postgres])

export type PostgresConfig = z.output<typeof postgres>
