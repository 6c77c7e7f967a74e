/** Two devices that speak first at once, through the stored form of their sessions. */

import { expect, test } from 'vitest'
import { selectBackend } from './backend/select-backend.ts'
import { createCrypto } from './index.ts'
import { bytes, makeParty, TestDevice, text } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const backend = await selectBackend()

test('both may speak first at once', () => {
  const c = createCrypto(backend, repeatableRandom('at once'))
  const [a, b] = [makeParty(c), makeParty(c)]
  const [alice, bob] = [new TestDevice(c, a, b), new TestDevice(c, b, a)]
  const [first, second] = [alice.send(bytes('from alice')), bob.send(bytes('from bob'))]
  expect(text(bob.receive(first))).toBe('from alice')
  expect(text(alice.receive(second))).toBe('from bob')
  expect(text(bob.receive(alice.send(bytes('one more'))))).toBe('one more')
  expect(text(alice.receive(bob.send(bytes('and back'))))).toBe('and back')
})
