/** What every store of an operator's invites does. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { OperatorInvites } from '../operator-invites.ts'

export interface InvitesForTest {
  readonly invites: OperatorInvites
  /** The same data to somebody else at the same time: the command line beside the relay. */
  second(): Promise<OperatorInvites>
  remove(): Promise<void>
}

const bytes = (value: number): Uint8Array => new Uint8Array(32).fill(value)
const [HASH, MARK, NOW_MS] = [bytes(1), bytes(2), 1_000_000]
const INVITE = { hash: HASH, name: 'Ann, “all” her devices', maxUses: 2, createdAtMs: 5, expiresAtMs: NOW_MS + 1 }

export function operatorInvitesContract(name: string, open: () => Promise<InvitesForTest>): void {
  describe(`operator's invites in ${name}`, () => {
    let opened: InvitesForTest
    let invites: OperatorInvites

    beforeEach(async () => {
      opened = await open()
      invites = opened.invites
    })
    afterEach(() => opened.remove())

    const usesOf = async (): Promise<readonly number[]> => (await invites.list()).map(({ uses }) => uses)

    test('are listed as they were added, the oldest first', async () => {
      await invites.add({ ...INVITE, hash: bytes(7), createdAtMs: 9 })
      await invites.add(INVITE)
      expect(await invites.list()).toEqual([
        { ...INVITE, uses: 0 },
        { ...INVITE, hash: bytes(7), createdAtMs: 9, uses: 0 },
      ])
    })

    test('have so many uses; the same mark again is the same use', async () => {
      await invites.add(INVITE)
      expect(await invites.claim(HASH, MARK, NOW_MS)).toBe(true)
      expect(await invites.claim(HASH, MARK, NOW_MS)).toBe(true)
      expect(await usesOf()).toEqual([1])
      expect(await invites.claim(HASH, bytes(3), NOW_MS)).toBe(true)
      expect(await invites.claim(HASH, bytes(4), NOW_MS)).toBe(false)
      expect(await usesOf()).toEqual([2])
    })

    test('a use stays when the mailbox was opened, comes back when it was not, and its mark is forgotten', async () => {
      await invites.add({ ...INVITE, maxUses: 1 })
      await invites.claim(HASH, MARK, NOW_MS)
      await invites.settle(HASH, MARK, false)
      expect(await usesOf()).toEqual([0])
      await invites.settle(HASH, MARK, false)
      expect(await usesOf()).toEqual([0])
      await invites.claim(HASH, MARK, NOW_MS)
      await invites.settle(HASH, MARK, true)
      expect(await usesOf()).toEqual([1])
      expect(await invites.claim(HASH, MARK, NOW_MS)).toBe(false)
    })

    test('end at their time', async () => {
      await invites.add(INVITE)
      expect(await invites.claim(HASH, MARK, INVITE.expiresAtMs)).toBe(false)
      expect(await invites.claim(HASH, MARK, INVITE.expiresAtMs - 1)).toBe(true)
      expect(await invites.claim(bytes(9), MARK, NOW_MS)).toBe(false)
    })

    test('are revoked once, by somebody else as well, with the marks of what was being opened', async () => {
      await invites.add(INVITE)
      await invites.claim(HASH, MARK, NOW_MS)
      const second = await opened.second()
      expect(await second.revoke(HASH)).toBe(true)
      second.close()
      expect(await invites.revoke(HASH)).toBe(false)
      expect(await invites.list()).toEqual([])
      expect(await invites.claim(HASH, MARK, NOW_MS)).toBe(false)
      await invites.settle(HASH, MARK, true)
    })

    test('of many who want the last use at once, from two sides, one gets it', async () => {
      await invites.add({ ...INVITE, maxUses: 1 })
      const second = await opened.second()
      const claims = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? invites : second).claim(HASH, bytes(20 + index), NOW_MS),
      )
      expect((await Promise.all(claims)).filter((claimed) => claimed)).toHaveLength(1)
      second.close()
      expect(await usesOf()).toEqual([1])
    })
  })
}
