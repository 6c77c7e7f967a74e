import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { labelBytes, LABELS } from './labels.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOURCE = /\.ts$/
const TEST = /\.test\.ts$|\/testing\/|\/contract-tests\//

/** Every label that stands as a literal in the programs' sources, in whichever table. */
function labelsInSources(): string[] {
  return ['main', 'shared', 'relay']
    .flatMap((layer) =>
      readdirSync(join(ROOT, layer), { recursive: true, encoding: 'utf8' }).map((file) => join(layer, file)),
    )
    .filter((file) => SOURCE.test(file) && !TEST.test(file.replaceAll('\\', '/')))
    .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/'(parley\/v1\/[^']+)'/g)])
    .map((match) => match[1] ?? '')
}

test('no label is a prefix of another, those of relays included', () => {
  const labels = [...new Set([...Object.values(LABELS), ...labelsInSources()])]
  expect(labels.length).toBeGreaterThanOrEqual(Object.keys(LABELS).length)
  const clashes = labels.flatMap((a) => labels.filter((b) => a !== b && b.startsWith(a)).map((b) => `${a} | ${b}`))
  expect(clashes).toEqual([])
})

test('every label has its one purpose', () => {
  expect(new Set(Object.values(LABELS)).size).toBe(Object.keys(LABELS).length)
  for (const label of Object.values(LABELS)) expect(label).toMatch(/^parley\/v1\/[a-z-]+$/)
})

test('a label is encoded once', () => {
  expect(labelBytes('root')).toEqual(new TextEncoder().encode(LABELS.root))
  expect(labelBytes('root')).toBe(labelBytes('root'))
})
