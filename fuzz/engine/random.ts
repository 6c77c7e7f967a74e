/** Repeatable choices: the same seed gives the same run of inputs. Not for keys. */

export interface Random {
  /** An integer from 0 to `below` - 1. */
  below(below: number): number
  /** True once in `times`. */
  oneIn(times: number): boolean
  pick<T>(items: readonly T[]): T
  bytes(sizeBytes: number): Uint8Array
}

/** FNV-1a: gives each target its own run of inputs under one seed. */
export function seedOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** sfc32 (Chris Doty-Humphrey, PractRand). */
export function createRandom(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  // the first words still show the seed
  for (let round = 0; round < 12; round++) next()
  const below = (limit: number): number => (limit <= 1 ? 0 : next() % limit)
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (items) => {
      const [first] = items
      if (first === undefined) throw new RangeError('nothing to pick from')
      return items[below(items.length)] ?? first
    },
    bytes: (sizeBytes) => Uint8Array.from({ length: sizeBytes }, () => below(256)),
  }
}
