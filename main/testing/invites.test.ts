/** Invites between real engines: one taker wins, and what is wrong is said. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { meet, sendText, untilPath, untilText } from './chatting.ts'
import { Person } from './people.ts'
import { createCrypto, selectBackend } from '../crypto/index.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { openProfile } from '../storage/profile.ts'
import { startTestRelay } from './relay-for-tests.ts'
import type { TestRelay } from './relay-for-tests.ts'

let relay: TestRelay
let robin: Person
let people: Person[]

async function person(name: string): Promise<Person> {
  const made = await Person.make()
  people.push(made)
  await made.open()
  await made.call('account.create', { name })
  return made
}

beforeEach(async () => {
  people = []
  relay = await startTestRelay()
  robin = await person('Robin')
})
afterEach(async () => {
  for (const made of people) await made.remove()
  await relay.remove()
})

test('without any relay an invite works while both are there', async () => {
  const mira = await person('Mira')
  const invite = await robin.call('invites.create', { label: 'Mira' })
  expect(invite.relayCount).toBe(0)
  const mirasChat = await mira.call('invites.accept', { link: invite.link })
  const robinsChat = await robin.until('the chat is there', async () => (await robin.call('chats.list', {}))[0])
  await untilPath(mira, 'direct')
  await sendText(mira, mirasChat, 'no relay needed')
  await untilText(robin, robinsChat, 'no relay needed')
})

test('a newcomer starts with the relays of the one who invited them', async () => {
  await robin.call('relays.add', { address: relay.paste })
  const mira = await person('Mira')
  await meet(robin, mira)
  const state = await mira.call('app.state', {})
  expect(state.phase === 'ready' ? state.network.relays.map((item) => item.state) : []).toEqual(['connected'])
})

test('what is wrong with a link is said', async () => {
  await robin.call('relays.add', { address: relay.paste })
  const mira = await person('Mira')
  const open = await robin.call('invites.create', { label: '' })
  const accept = (link: string) => mira.call('invites.accept', { link })
  await expect(accept(open.link.slice(0, -20))).rejects.toMatchObject({ code: 'invite-incomplete' })
  const at = 40
  const other = open.link[at] === 'A' ? 'B' : 'A'
  await expect(accept(open.link.slice(0, at) + other + open.link.slice(at + 1))).rejects.toMatchObject({
    code: 'invite-altered',
  })
  await expect(robin.call('invites.accept', { link: open.link })).rejects.toMatchObject({ code: 'invite-own' })
  await robin.call('invites.revoke', { inviteId: open.inviteId })
  await expect(accept(open.link)).rejects.toMatchObject({ code: 'invite-revoked' })
  const unreachable = await robin.call('invites.create', { label: '' })
  await relay.stop()
  await expect(accept(unreachable.link)).rejects.toMatchObject({ code: 'invite-unreachable' })
  expect(await mira.call('chats.list', {})).toEqual([])
})

test('of two takers one wins, and the other is told', async () => {
  await robin.call('relays.add', { address: relay.paste })
  const [mira, eve] = [await person('Mira'), await person('Eve')]
  const { link } = await robin.call('invites.create', { label: '' })
  const results = await Promise.allSettled([mira, eve].map((taker) => taker.call('invites.accept', { link })))
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  const loser = results.find((result) => result.status === 'rejected')
  expect(loser?.reason).toMatchObject({ code: 'invite-used' })
})

test('an open invite of another suite gets new prekeys under the same link, at the relay too', async () => {
  await robin.call('relays.add', { address: relay.paste })
  const { inviteId, link } = await robin.call('invites.create', { label: '' })
  await robin.close()
  // As migration 3 leaves it: the bundle that lies at the relay is of prekeys that are gone.
  const profile = openProfile({
    profileDir: robin.profileDir,
    keychain: robin.keychain,
    sqliteBinding: null,
    crypto: createCrypto(await selectBackend()),
    clock: systemClock,
  })
  const store = await profile.openWithKeychain()
  store.transaction(() => {
    store.invites.update(inviteId, { bundle: new Uint8Array(), relayIds: [] })
    const made = store.prekeys.reserveIds(0)
    for (const kind of ['signed', 'one-time', 'kem-one-time', 'kem-last-resort'] as const) {
      for (let prekeyId = 1; prekeyId < made; prekeyId += 1) store.prekeys.delete(kind, prekeyId)
    }
  })
  await profile.close()

  await robin.open()
  await robin.until('the relay has it again', async () => {
    const [invite] = await robin.call('invites.list', {})
    return invite?.relayCount === 1 && invite.link === link
  })
  const mira = await person('Mira')
  const mirasChat = await mira.call('invites.accept', { link })
  await robin.until('the chat is there', async () => (await robin.call('chats.list', {}))[0])
  expect(mirasChat.title).toBe('Robin')
})
