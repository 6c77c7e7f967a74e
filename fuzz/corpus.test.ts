/** The kept corpus, once through every target. `npm run fuzz` goes on from here. */

import { describe, expect, test } from 'vitest'
import { BROKEN_PREFIX, corpusNames, readCorpus } from './engine/corpus.ts'
import { targets } from './targets.ts'

const names = targets.map(({ name }) => name)

test('each target has a name of its own, and each folder of the corpus a target', () => {
  expect(new Set(names).size).toBe(names.length)
  expect(corpusNames()).toEqual([...names].sort())
})

describe.each(targets)('$name', (target) => {
  const { samples, examine } = target.prepare()
  const corpus = readCorpus(target.name)

  test('the corpus holds its real values as they are now: else `npm run fuzz:corpus`', () => {
    const kept = [...corpus].filter(([name]) => !name.startsWith(BROKEN_PREFIX))
    expect(Object.fromEntries(kept)).toEqual({ ...samples })
  })

  test.each([...corpus])('%s', async (name, input) => {
    const { accepted } = await examine(input)
    expect(accepted || name.startsWith(BROKEN_PREFIX) || name.startsWith('refused-')).toBe(true)
  })
})
