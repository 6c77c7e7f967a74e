import { expect, test } from 'vitest'
import { createCrypto, encodeSession, selectBackend } from '../crypto/index.ts'
import type { SessionState } from '../crypto/index.ts'
import { bytes, meet } from '../crypto/testing/devices.ts'
import { LiveSessions } from './live-sessions.ts'

const c = createCrypto(await selectBackend())
const rowOf = (session: SessionState) => ({ sessionId: session.sessionId, state: encodeSession(session) })

test('a state is handed out as it was kept, with the keys that it holds', () => {
  const live = new LiveSessions()
  const { alice } = meet(c)
  const { session } = alice
  const record = live.recordOf(session)
  expect(record).toEqual(encodeSession(session))
  expect(live.stateOf({ sessionId: session.sessionId, state: record.slice() })).toBe(session)
})

test('a record that is not the one last kept is read anew: a transaction was undone', () => {
  const live = new LiveSessions()
  const { alice, bob } = meet(c)
  const before = rowOf(alice.session)
  alice.receive(bob.send(bytes('undone')))
  live.recordOf(alice.session)
  const read = live.stateOf(before)
  expect(encodeSession(read)).toEqual(before.state)
  expect(live.stateOf(before)).toBe(read)
})

test('the least recently used are let go of, and all of them at the end', () => {
  const live = new LiveSessions(2)
  const [one, two, three] = [meet(c).alice.session, meet(c).alice.session, meet(c).alice.session]
  live.recordOf(one)
  live.recordOf(two)
  live.stateOf(rowOf(one))
  live.recordOf(three)
  expect(live.size).toBe(2)
  expect(live.stateOf(rowOf(one))).toBe(one)
  expect(live.stateOf(rowOf(two))).not.toBe(two)
  live.clear()
  expect(live.size).toBe(0)
})
