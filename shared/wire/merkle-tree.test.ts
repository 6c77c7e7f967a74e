import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merkleTree, pathLength, rootOf } from './merkle-tree.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => Uint8Array.of(at >> 8, at))

/** RFC 6962, 2.1, word for word: the readable twin. */
function slowRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return sha256(Uint8Array.of(0, ...only))
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Uint8Array.of(1, ...slowRoot(leaves.slice(0, split)), ...slowRoot(leaves.slice(split))))
}

test('the root of the RFC 6962 test tree', () => {
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const tree = merkleTree(
    leaves.map((leaf) => new Uint8Array(Buffer.from(leaf, 'hex'))),
    sha256,
  )
  expect(hex(tree.root)).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
})

test('roots are those of the definition, and every path leads to them', () => {
  for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 200, 256]) {
    const leaves = leavesOf(count)
    const tree = merkleTree(leaves, sha256)
    expect(tree.root).toEqual(slowRoot(leaves))
    for (const [index, leaf] of leaves.entries()) {
      const path = tree.pathOf(index)
      expect(path).toHaveLength(pathLength(index, count))
      expect(rootOf(leaf, { index, leafCount: count, path }, sha256)).toEqual(tree.root)
    }
  }
})

test('another leaf, another place or another path leads elsewhere', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 64 }), fc.nat(), fc.nat(), (leafCount, a, b) => {
      const leaves = leavesOf(leafCount)
      const tree = merkleTree(leaves, sha256)
      const [index, other] = [a % leafCount, b % leafCount]
      fc.pre(index !== other)
      const path = tree.pathOf(index)
      const leaf = leaves[index] ?? new Uint8Array()
      expect(rootOf(leaves[other] ?? new Uint8Array(), { index, leafCount, path }, sha256)).not.toEqual(tree.root)
      const bent = path.map((hash, at) => (at === 0 ? hash.map((byte) => byte ^ 1) : hash))
      expect(rootOf(leaf, { index, leafCount, path: bent }, sha256)).not.toEqual(tree.root)
    }),
    { numRuns: 100 },
  )
})

test('no tree without leaves, no walk on a path that is too short', () => {
  expect(() => merkleTree([], sha256)).toThrow(RangeError)
  expect(() => rootOf(Uint8Array.of(1), { index: 0, leafCount: 2, path: [] }, sha256)).toThrow(RangeError)
})
