import { expect, test } from 'vitest'
import { decideRestart } from './restart-policy.ts'

test('an engine that dies at once is started ever later, up to half a minute', () => {
  const delays: number[] = []
  let crashes = 0
  for (let round = 0; round < 10; round += 1) {
    const decision = decideRestart(crashes, 100)
    crashes = decision.crashesInARow
    delays.push(decision.delayMs)
  }
  expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
})

test('an engine that ran for a minute has its earlier crashes forgotten', () => {
  expect(decideRestart(7, 60_000)).toEqual({ delayMs: 200, crashesInARow: 1 })
})
