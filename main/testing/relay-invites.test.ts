/** A relay that opens mailboxes for holders of its operator's invite: a real one, and people who paste its lines. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RelayProcess, runRelayCommand } from '../../relay/testing/relay-process.ts'
import { meet } from './chatting.ts'
import { Person } from './people.ts'

let dataDir: string
let relay: RelayProcess
let people: Person[]

beforeEach(async () => {
  people = []
  dataDir = await mkdtemp(join(tmpdir(), 'parley-invited-relay-'))
  relay = await RelayProcess.start(dataDir, undefined, { env: { PARLEY_RELAY_NEW_MAILBOXES: 'invite' } })
})

afterEach(async () => {
  for (const made of people) await made.remove()
  await relay.end('SIGTERM')
  await rm(dataDir, { recursive: true, force: true })
})

async function person(name: string): Promise<Person> {
  const made = await Person.make()
  people.push(made)
  await made.open()
  await made.call('account.create', { name })
  return made
}

async function relaysOf(somebody: Person): Promise<readonly string[]> {
  const state = await somebody.call('app.state', {})
  return state.phase === 'ready' ? state.network.relays.map((item) => item.state) : []
}

async function lineWithInvite(uses: number): Promise<string> {
  const args = ['token', 'issue', '--data', dataDir, '--name', 'somebody', '--uses', String(uses)]
  return (await runRelayCommand(args)).stdout.trim()
}

test('one line with an invite is all that is pasted; without one the relay is not added', async () => {
  const robin = await person('Robin')
  const bare = robin.call('relays.add', { address: relay.started.paste })
  await expect(bare).rejects.toMatchObject({ code: 'relay-invite-needed' })
  expect(await relaysOf(robin)).toEqual([])
  const line = await lineWithInvite(1)
  expect(await robin.call('relays.add', { address: line })).toMatchObject({ state: 'connected', failure: null })
  // The mailbox is open: the plain line does as well now, and the invite is used up.
  expect(await robin.call('relays.add', { address: relay.started.paste })).toMatchObject({ state: 'connected' })
  const mira = await person('Mira')
  await expect(mira.call('relays.add', { address: line })).rejects.toMatchObject({ code: 'relay-invite-needed' })
  expect(await relaysOf(mira)).toEqual([])
})

test('a newcomer keeps no relay that is for people with an invite, and chats all the same', async () => {
  const robin = await person('Robin')
  await robin.call('relays.add', { address: await lineWithInvite(1) })
  const mira = await person('Mira')
  await meet(robin, mira)
  expect(await relaysOf(mira)).toEqual([])
  expect(await relaysOf(robin)).toEqual(['connected'])
})
