import { expect, test } from 'vitest'
import { mergedFrontEnds } from './front-ends.ts'

const frontEnd = (name: string, addresses: number) => ({
  peer: name,
  addresses: Array.from({ length: addresses }, (_, index) => `${name}${index}`),
})

test("everybody's first address comes before anybody's second", () => {
  const [a, b] = [frontEnd('a', 3), frontEnd('b', 2)]
  expect(mergedFrontEnds([a, b], a)).toEqual({ peers: ['a', 'b'], addresses: ['a0', 'b0', 'a1', 'b1', 'a2'] })
  expect(mergedFrontEnds([a, b], b)).toEqual(mergedFrontEnds([a, b], a))
})

test('at most eight of each, and whoever says it is always in it', () => {
  const all = [...'abcdefghij'].map((name) => frontEnd(name, 2))
  const last = all.at(-1) ?? frontEnd('j', 2)
  const merged = mergedFrontEnds(all, last)
  expect(merged.peers).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'j'])
  expect(merged.addresses).toHaveLength(8)
  expect(merged.addresses).toContain('j0')
  expect(mergedFrontEnds([], last)).toEqual({ peers: ['j'], addresses: ['j0', 'j1'] })
})
