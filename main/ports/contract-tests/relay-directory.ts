/** The prekey directory and invite slots, as every client and relay must treat them. */

import { expect, test } from 'vitest'
import type { OwnerConnection } from '../relay.ts'
import { codeOf, Owner, random } from './relay-owner.ts'
import type { RelaySuite } from './relay-owner.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export function directorySuite({ port, relay }: RelaySuite): void {
  const fill = (count: number, size = 1_700) => ({
    lookupId: random(32),
    items: Array.from({ length: count }, () => random(size)),
    lastResort: random(size),
    replace: true,
  })
  const takeAll = async (lookupId: Uint8Array, count: number): Promise<readonly (Uint8Array | null)[]> =>
    Promise.all(Array.from({ length: count }, () => port().takeDirectory(relay().contact, lookupId)))

  test('each item goes out once, in order, then the last resort again and again; also across a restart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(6)
    expect(await owner.connection.putDirectory(entry)).toEqual({ remaining: 6 })
    expect(await takeAll(entry.lookupId, 3)).toEqual(entry.items.slice(0, 3))
    await relay().restart()
    expect(await takeAll(entry.lookupId, 5)).toEqual([...entry.items.slice(3), entry.lastResort, entry.lastResort])
    expect(await port().takeDirectory(relay().contact, random(32))).toBeNull()
  })

  test('more than a frame holds goes in parts; `replace` discards what was there', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(200)
    expect(await owner.connection.putDirectory(entry)).toEqual({ remaining: 200 })
    const next = { ...fill(2), lookupId: entry.lookupId }
    expect(await owner.connection.putDirectory(next)).toEqual({ remaining: 2 })
    expect(await takeAll(entry.lookupId, 3)).toEqual([...next.items, next.lastResort])
  })

  test('the owner is told under twenty, once until it fills up; also when it was away', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const entry = fill(21, 100)
    await owner.connection.putDirectory(entry)
    await takeAll(entry.lookupId, 4)
    await owner.until(() => owner.stock.length > 0)
    await owner.connection.ping()
    expect(owner.stock).toEqual([19])
    await owner.connection.putDirectory({ ...entry, items: [random(100)], replace: false })
    await takeAll(entry.lookupId, 1)
    await owner.until(() => owner.stock.length === 2)
    expect(owner.stock).toEqual([19, 17])
    await owner.connection.close()
    const before = owner.connection
    const tellers: OwnerConnection[] = []
    owner.onStock = () => tellers.push(owner.connection)
    await owner.connect(port(), relay().contact)
    await owner.until(() => owner.stock.length === 3)
    expect(owner.stock).toEqual([19, 17, 17])
    // It comes when the new connection is there to fill the directory on.
    expect(tellers).not.toContain(before)
  })

  test("another mailbox's directory cannot be filled", async () => {
    const [owner, other] = [new Owner(), new Owner()]
    await owner.connect(port(), relay().contact)
    await other.connect(port(), relay().contact)
    const entry = fill(1)
    await owner.connection.putDirectory(entry)
    expect(await codeOf(other.connection.putDirectory({ ...fill(1), lookupId: entry.lookupId }))).toBe('relay-refused')
    expect(await port().takeDirectory(relay().contact, entry.lookupId)).toEqual(entry.items[0])
  })
}

export function inviteSuite({ port, relay }: RelaySuite): void {
  const nowMs = Date.now()
  const slot = () => ({ slotId: random(32), item: random(9_000), expiresAtMs: nowMs + 7 * DAY_MS })

  test('the first taker gets the item, and again when it asks again; everybody else hears that it was used', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const invite = slot()
    await owner.connection.putInviteSlot(invite)
    const nonces = Array.from({ length: 8 }, () => random(16))
    const answers = await Promise.all(nonces.map((nonce) => port().takeInvite(relay().contact, invite.slotId, nonce)))
    expect(answers.filter(({ kind }) => kind === 'item')).toEqual([{ kind: 'item', item: invite.item }])
    expect(answers.filter(({ kind }) => kind === 'used')).toHaveLength(7)
    await owner.connection.putInviteSlot(invite)
    await relay().restart()
    for (const [index, nonce] of nonces.entries()) {
      expect(await port().takeInvite(relay().contact, invite.slotId, nonce)).toEqual(answers[index])
    }
  })

  test('expired, unknown and closed are told apart', async () => {
    const owner = new Owner()
    await owner.connect(port(), relay().contact)
    const [short, closed] = [slot(), slot()]
    await owner.connection.putInviteSlot({ ...short, expiresAtMs: nowMs + 60_000 })
    await owner.connection.putInviteSlot(closed)
    await owner.connection.closeInviteSlot(closed.slotId)
    relay().advance(DAY_MS)
    expect(await port().takeInvite(relay().contact, short.slotId, random(16))).toEqual({ kind: 'expired' })
    expect(await port().takeInvite(relay().contact, closed.slotId, random(16))).toEqual({ kind: 'unknown' })
    expect(await port().takeInvite(relay().contact, random(32), random(16))).toEqual({ kind: 'unknown' })
  })
}
