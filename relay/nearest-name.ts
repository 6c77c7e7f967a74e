/** What somebody meant who mistyped a name. */

/** At most this share of the letters may be wrong. */
const MAX_WRONG = 0.4

/** The known name with the fewest letters to change; null when none is near. Upper and lower case are the same. */
export function nearestName(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase()
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (best === undefined || wanted === '') return null
  const startsAlike = known.filter((candidate) => candidate.toLowerCase().startsWith(wanted))
  if (best.distance <= Math.max(2, name.length * MAX_WRONG)) return best.candidate
  return startsAlike[0] ?? null
}

/** Optimal string alignment: insert, delete, change, swap two neighbours. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity
      row.push(Math.min(change, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
