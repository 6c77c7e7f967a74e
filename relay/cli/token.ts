/** `parley-relay token issue | list | revoke`: the operator's invites, also while the relay runs. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { toBase64Url } from '../../shared/wire/bytes.ts'
import { decodeRelayAddress, encodeRelayAddress } from '../../shared/wire/relay-address.ts'
import { ConfigError } from '../config.ts'
import { configFileOf, loadConfig } from '../config-file.ts'
import { RELAY_KEY_FILE } from '../data-files.ts'
import { sha256 } from '../hashes.ts'
import type { OperatorInvite, OperatorInvites } from '../storage/operator-invites.ts'
import { openInvites } from '../storage/open-store.ts'
import { pasteLineOf } from './print-address.ts'

const SECRET_BYTES = 16
const ID_LENGTH = 8
const MAX_NAME = 100
const DAY_MS = 24 * 60 * 60 * 1000

interface Folder {
  readonly data: string
  readonly config?: string
}

async function withInvites<T>(
  { data, config: named }: Folder,
  work: (invites: OperatorInvites) => Promise<T>,
): Promise<T> {
  if (!existsSync(join(data, RELAY_KEY_FILE))) throw new ConfigError(`${data} is no relay's folder.`)
  const config = loadConfig(configFileOf(data, named), process.env)
  const invites = await openInvites({ dataDir: data, config })
  try {
    return await work(invites)
  } finally {
    invites.close()
  }
}

function idOf({ hash }: Pick<OperatorInvite, 'hash'>): string {
  return Buffer.from(hash).toString('hex').slice(0, ID_LENGTH)
}

export async function issueToken(
  options: Folder & { readonly name: string; readonly uses: number; readonly days: number },
): Promise<void> {
  const { data, name, uses, days } = options
  if (name.length > MAX_NAME) throw new ConfigError(`A name has ${MAX_NAME} characters at most.`)
  const relay = decodeRelayAddress(await pasteLineOf(data))
  if (relay.relayId === null) throw new ConfigError(`The address file in ${data} is damaged: start the relay once.`)
  const secret = new Uint8Array(randomBytes(SECRET_BYTES))
  const hash = sha256(secret)
  const createdAtMs = Date.now()
  await withInvites(options, (invites) =>
    invites.add({ hash, name, maxUses: uses, createdAtMs, expiresAtMs: createdAtMs + days * DAY_MS }),
  )
  const paste = encodeRelayAddress({ relayId: relay.relayId, addresses: relay.addresses, admission: secret })
  process.stdout.write(`${paste}\n`)
  process.stderr.write(
    [
      `Invite ${idOf({ hash })}: opens ${uses === 1 ? 'one mailbox' : `${uses} mailboxes`} within ${days} days.`,
      `It counts where newMailboxes is "invite". In a mailboxList it would be ${toBase64Url(hash)}.`,
      'The line is shown this once: only its hash is kept.\n',
    ].join('\n'),
  )
}

export async function listTokens(options: Folder): Promise<void> {
  const invites = await withInvites(options, (known) => known.list())
  const nowMs = Date.now()
  const lines = invites.map((invite) => {
    const { name, uses, maxUses, expiresAtMs } = invite
    const day = new Date(expiresAtMs).toISOString().slice(0, 10)
    return `${idOf(invite)}  ${stateOf(invite, nowMs).padEnd(7)}  ${`${uses}/${maxUses}`.padStart(7)}  until ${day}  ${name}\n`
  })
  process.stdout.write(lines.length === 0 ? 'There are no invites.\n' : lines.join(''))
}

function stateOf({ uses, maxUses, expiresAtMs }: OperatorInvite, nowMs: number): string {
  if (expiresAtMs <= nowMs) return 'expired'
  return uses < maxUses ? 'open' : 'used up'
}

export async function revokeToken(id: string, options: Folder): Promise<void> {
  const revoked = await withInvites(options, async (invites) => {
    const found = (await invites.list()).filter((invite) => idOf(invite) === id)
    const [invite] = found
    if (invite === undefined) throw new ConfigError(`There is no invite ${id}: "parley-relay token list" shows them.`)
    await invites.revoke(invite.hash)
    return invite
  })
  process.stdout.write(`Invite ${id} opens no more mailboxes; the ${revoked.uses} that it opened stay.\n`)
}
