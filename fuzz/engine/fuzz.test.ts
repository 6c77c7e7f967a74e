import { expect, test } from 'vitest'
import { targets } from '../testing/bad-targets.ts'
import { fuzz, shrink } from './fuzz.ts'
import { reasonOf } from './reason.ts'
import { superviseWork } from './supervise.ts'
import type { WorkDone } from './worker.ts'

const SECONDS = 10

function named(name: string) {
  const target = targets.find((candidate) => candidate.name === name)
  if (target === undefined) throw new Error(name)
  return target
}

async function fuzzed(name: string, seed = 1, seconds = SECONDS) {
  const inputs: string[] = []
  const report = await fuzz(named(name), {
    seconds,
    seed,
    corpus: [],
    onInput: (input) => {
      if (inputs.length < 500) inputs.push(Buffer.from(input).toString('hex'))
    },
  })
  return { report, inputs }
}

test.each([
  ['bug', 'refused with no closed code: TypeError: a bug'],
  ['other-code', 'refused with not-found'],
  ['two-spellings', 'written back as other bytes'],
  ['shares-memory', 'written back as other bytes'],
  ['writes-input', 'wrote into its input'],
  ['reserves', 'bytes of memory'],
  ['changes', 'a refusal changed what is kept'],
])('%s is found', async (name, reason) => {
  const { report } = await fuzzed(name)
  expect(reasonOf(report.broken?.error)).toContain(reason)
})

test('what is good stays good, and the same seed makes the same inputs', async () => {
  const [first, again, other] = [
    await fuzzed('good', 1, 0.3),
    await fuzzed('good', 1, 0.3),
    await fuzzed('good', 2, 0.3),
  ]
  expect(first.report).toMatchObject({ broken: null })
  expect(first.report.accepted).toBeGreaterThan(10)
  // how far a run gets is the machine's to say
  const common = Math.min(first.inputs.length, again.inputs.length, other.inputs.length)
  expect(common).toBeGreaterThan(20)
  expect(again.inputs.slice(0, common)).toEqual(first.inputs.slice(0, common))
  expect(other.inputs.slice(0, common)).not.toEqual(first.inputs.slice(0, common))
})

test('a broken input is made as small as what breaks', async () => {
  const broken = Uint8Array.of(0x0f, 0, 0, 0, ...new Uint8Array(40))
  expect(await shrink(named('reserves'), broken, SECONDS)).toEqual(broken.slice(0, 4))
})

test('an input without an end, or one that ends the thread, is told, and the next target has its turn', async () => {
  const done: WorkDone[] = []
  const module = new URL('../testing/bad-targets.ts', import.meta.url).href
  const options = { module, secondsEach: 5, seed: 1, hangsAfterMs: 1_500 }
  await superviseWork(['hangs', 'ends-the-thread', 'bug'], options, (one) => done.push(one))
  expect(done.map(({ name }) => name)).toEqual(['hangs', 'ends-the-thread', 'bug'])
  for (const { broken } of done) expect(broken?.input.slice(2).some((byte) => byte !== 7)).toBe(true)
  expect(done.map(({ broken }) => broken?.reason)).toEqual([
    'does not come to an end',
    'the thread ended with 3',
    expect.stringContaining('a bug'),
  ])
})
