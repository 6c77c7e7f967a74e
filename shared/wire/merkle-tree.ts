/**
 * Merkle trees of RFC 6962, section 2.1: one signature over the root proves each leaf by a short path.
 * The hash is handed in, so that this runs on whatever is native.
 */

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32

export interface MerkleTree {
  readonly root: Uint8Array
  /** The hashes beside the way from leaf `index` up to the root, lowest first. */
  pathOf(index: number): readonly Uint8Array[]
}

/** @param leaves at least one */
export function merkleTree(leaves: readonly Uint8Array[], sha256: Sha256): MerkleTree {
  if (leaves.length === 0) throw new RangeError('a tree without leaves')
  let level: readonly Uint8Array[] = leaves.map((leaf) => hashLeaf(leaf, sha256))
  const levels = [level]
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]]
      // The last one of an odd number goes up as it is.
      if (left !== undefined) above.push(right === undefined ? left : hashPair(left, right, sha256))
    }
    level = above
    levels.push(level)
  }
  const [root] = level
  if (root === undefined) throw new Error('a tree without a root')
  return { root, pathOf: (index) => pathThrough(levels, index) }
}

function pathThrough(levels: readonly (readonly Uint8Array[])[], index: number): readonly Uint8Array[] {
  return levels.flatMap((level, height) => {
    const beside = level[(index >> height) ^ 1]
    return beside === undefined || level.length === 1 ? [] : [beside]
  })
}

/** How many hashes lie beside the way from that leaf to the root. */
export function pathLength(index: number, leafCount: number): number {
  let length = 0
  for (let at = index, width = leafCount; width > 1; at >>= 1, width = (width + 1) >> 1) {
    if ((at ^ 1) < width) length += 1
  }
  return length
}

/** The root that this leaf and path lead to. `path` has `pathLength(index, leafCount)` hashes. */
export function rootOf(
  leaf: Uint8Array,
  place: { readonly index: number; readonly leafCount: number; readonly path: readonly Uint8Array[] },
  sha256: Sha256,
): Uint8Array {
  let hash = hashLeaf(leaf, sha256)
  let used = 0
  for (let at = place.index, width = place.leafCount; width > 1; at >>= 1, width = (width + 1) >> 1) {
    if ((at ^ 1) >= width) continue
    const beside = place.path[used]
    if (beside === undefined) throw new RangeError('a path that is too short')
    used += 1
    hash = at % 2 === 0 ? hashPair(hash, beside, sha256) : hashPair(beside, hash, sha256)
  }
  return hash
}

function hashLeaf(leaf: Uint8Array, sha256: Sha256): Uint8Array {
  const input = new Uint8Array(1 + leaf.length)
  input.set(leaf, 1)
  return sha256(input)
}

function hashPair(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_BYTES)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 1 + HASH_BYTES)
  return sha256(input)
}
