/** Who may open a mailbox: asked on the wire, as an owner does. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { toBase64Url } from '../shared/wire/bytes.ts'
import { INVITES_FILE } from './data-files.ts'
import { sha256 } from './hashes.ts'
import { openOperatorInvites } from './storage/sqlite-operator-invites.ts'
import { LocalRelay } from './testing/local-relay.ts'
import type { LocalRelayOptions } from './testing/local-relay.ts'
import { newMailboxKeys, RawClient } from './testing/raw-client.ts'
import type { MailboxKeys } from './testing/raw-client.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NO_SECRET = new Uint8Array()

let relay: LocalRelay | null = null

afterEach(async () => {
  await relay?.remove()
  relay = null
})

async function start(options: LocalRelayOptions): Promise<LocalRelay> {
  relay = await LocalRelay.start(options)
  return relay
}

/** The answer to `own`: "reply", or the code of its refusal. */
async function own(to: LocalRelay, keys: MailboxKeys, admission: Uint8Array): Promise<string> {
  const client = await RawClient.connect(to.running.addresses()[0] ?? '')
  try {
    const { challenge } = await client.hello()
    const answer = await client.ask({ ...client.proof(keys, challenge), admission })
    return answer.type === 'error' ? answer.refusal.code : answer.type
  } finally {
    await client.stop()
  }
}

async function issue(to: LocalRelay, maxUses: number, expiresAtMs: number): Promise<Uint8Array> {
  const secret = new Uint8Array(randomBytes(16))
  // As the command line does: from another connection, while the relay runs.
  const invites = openOperatorInvites(join(to.dataDir, INVITES_FILE))
  await invites.add({ hash: sha256(secret), name: 'somebody', maxUses, createdAtMs: 0, expiresAtMs })
  invites.close()
  return secret
}

async function usesOf(of: LocalRelay): Promise<readonly number[]> {
  const invites = openOperatorInvites(join(of.dataDir, INVITES_FILE))
  try {
    return (await invites.list()).map(({ uses }) => uses)
  } finally {
    invites.close()
  }
}

test('an invite opens as many mailboxes as it has uses; one that is open needs none', async () => {
  const here = await start({ config: { newMailboxes: 'invite' } })
  const secret = await issue(here, 2, Date.now() + DAY_MS)
  const [first, second, third] = [newMailboxKeys(), newMailboxKeys(), newMailboxKeys()]
  expect(await own(here, first, NO_SECRET)).toBe('relay-invite-needed')
  expect(await own(here, first, new Uint8Array(16))).toBe('relay-invite-needed')
  expect(await own(here, first, secret)).toBe('reply')
  expect(await own(here, first, NO_SECRET)).toBe('reply')
  expect(await own(here, first, secret)).toBe('reply')
  expect(await usesOf(here)).toEqual([1])
  expect(await own(here, second, secret)).toBe('reply')
  expect(await own(here, third, secret)).toBe('relay-invite-needed')
  expect(await usesOf(here)).toEqual([2])
})

test('of many who come at once with the last use, one gets in', async () => {
  const here = await start({ config: { newMailboxes: 'invite' } })
  const secret = await issue(here, 1, Date.now() + DAY_MS)
  const answers = await Promise.all(Array.from({ length: 6 }, () => own(here, newMailboxKeys(), secret)))
  expect(answers.filter((answer) => answer === 'reply')).toHaveLength(1)
})

test('an invite ends on its day, and when it is revoked; what it opened stays', async () => {
  let skippedMs = 0
  const here = await start({ config: { newMailboxes: 'invite' }, now: () => Date.now() + skippedMs })
  const [old, revoked] = [await issue(here, 9, Date.now() + DAY_MS), await issue(here, 9, Date.now() + 9 * DAY_MS)]
  const keys = newMailboxKeys()
  expect(await own(here, keys, old)).toBe('reply')
  skippedMs = DAY_MS + 1
  expect(await own(here, newMailboxKeys(), old)).toBe('relay-invite-needed')
  expect(await own(here, newMailboxKeys(), revoked)).toBe('reply')
  const invites = openOperatorInvites(join(here.dataDir, INVITES_FILE))
  expect(await invites.revoke(sha256(revoked))).toBe(true)
  expect(await invites.revoke(sha256(revoked))).toBe(false)
  invites.close()
  expect(await own(here, newMailboxKeys(), revoked)).toBe('relay-invite-needed')
  expect(await own(here, keys, NO_SECRET)).toBe('reply')
})

test('a relay that is full of mailboxes gives the use back', async () => {
  const here = await start({ config: { newMailboxes: 'invite', maxMailboxes: 1 } })
  const secret = await issue(here, 5, Date.now() + DAY_MS)
  expect(await own(here, newMailboxKeys(), secret)).toBe('reply')
  expect(await own(here, newMailboxKeys(), secret)).toBe('relay-full')
  expect(await usesOf(here)).toEqual([1])
})

test('a kill between the use and the mailbox costs nobody an invite', async () => {
  const here = await start({ config: { newMailboxes: 'invite' } })
  const secret = await issue(here, 1, Date.now() + DAY_MS)
  const invites = openOperatorInvites(join(here.dataDir, INVITES_FILE))
  const [mine, others] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  expect(await invites.claim(sha256(secret), mine, Date.now())).toBe(true)
  expect(await invites.claim(sha256(secret), others, Date.now())).toBe(false)
  expect(await invites.claim(sha256(secret), mine, Date.now())).toBe(true)
  await invites.settle(sha256(secret), mine, true)
  // Once settled the mark is forgotten, so it opens nothing more.
  expect(await invites.claim(sha256(secret), mine, Date.now())).toBe(false)
  invites.close()
})

test('a list holds hashes of secrets, or mailbox ids', async () => {
  const [secret, keys] = [new TextEncoder().encode('member 17'), newMailboxKeys()]
  const mailboxList = [toBase64Url(sha256(secret)), toBase64Url(sha256(keys.publicKey))]
  const here = await start({ config: { newMailboxes: 'list', mailboxList } })
  expect(await own(here, newMailboxKeys(), secret)).toBe('reply')
  expect(await own(here, keys, NO_SECRET)).toBe('reply')
  expect(await own(here, newMailboxKeys(), NO_SECRET)).toBe('relay-invite-needed')
})

test('a closed relay says that nobody new is let in', async () => {
  const here = await start({ config: { newMailboxes: 'closed' } })
  expect(await own(here, newMailboxKeys(), NO_SECRET)).toBe('relay-refused')
})
