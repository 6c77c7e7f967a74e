import { expect, test } from 'vitest'
import { codeOf } from '../../ports/contract-tests/relay-owner.ts'
import { isDoorSolved } from '../../../shared/wire/relay-door.ts'
import { MAX_WORK_BITS, solveDoor } from './door-work.ts'
import { sha256 } from './signatures.ts'

const challenge = { bits: 13, expiresAtMs: 0, seal: new Uint8Array(32).fill(9) }

test('finds what the relay’s own hash takes', async () => {
  const solution = await solveDoor(challenge, new AbortController().signal)
  expect(isDoorSolved(challenge, solution, sha256)).toBe(true)
})

test('leaves the thread to others, and ends when it is called off', async () => {
  const stop = new AbortController()
  let turns = 0
  const tick = (): void => {
    turns += 1
    if (turns === 3) stop.abort()
    else setImmediate(tick)
  }
  setImmediate(tick)
  expect(await codeOf(solveDoor({ ...challenge, bits: MAX_WORK_BITS }, stop.signal))).toBe('cancelled')
  expect(turns).toBe(3)
})

test('no relay is worth any work', async () => {
  const greedy = { ...challenge, bits: MAX_WORK_BITS + 1 }
  expect(await codeOf(solveDoor(greedy, new AbortController().signal))).toBe('rate-limited')
})
