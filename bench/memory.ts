/** Proportional set sizes of a process tree: pages that several processes share count once, in parts. Linux. */
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const SAMPLE_EVERY_MS = 1_000
const SETTLES_WITHIN_MS = 30_000
/** Idle: so many samples in a row that differ by no more than that share. */
const CALM_SAMPLES = 4
const CALM_SHARE = 0.01

/** Processes come and go while they are counted: one that is gone counts nothing. */
const readOrEmpty = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

const processTree = async (root: number): Promise<readonly number[]> => {
  const children = new Map<number, number[]>()
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid))
  for (const pid of pids) {
    // The name in brackets may hold spaces; the parent is the second field after it.
    const fields = (await readOrEmpty(`/proc/${pid}/stat`)).split(') ').at(-1)?.split(' ') ?? []
    const parent = Number(fields[1])
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

const pssKib = async (pid: number): Promise<number> => {
  const rollup = await readOrEmpty(`/proc/${pid}/smaps_rollup`)
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0)
}

const treePssMib = async (root: number): Promise<number> => {
  const sizes = await Promise.all((await processTree(root)).map(pssKib))
  return sizes.reduce((sum, size) => sum + size, 0) / 1024
}

/**
 * The sum over the tree once it has come to rest. Memory has no event to wait for, so it is sampled.
 * @throws Error when it does not come to rest
 */
export const idleMemoryMib = async (root: number): Promise<number> => {
  const recent: number[] = []
  for (let waitedMs = 0; waitedMs < SETTLES_WITHIN_MS; waitedMs += SAMPLE_EVERY_MS) {
    recent.push(await treePssMib(root))
    if (recent.length > CALM_SAMPLES) recent.shift()
    const largest = Math.max(...recent)
    if (recent.length === CALM_SAMPLES && largest - Math.min(...recent) <= largest * CALM_SHARE) {
      return recent.reduce((sum, size) => sum + size, 0) / recent.length
    }
    await wait(SAMPLE_EVERY_MS)
  }
  throw new Error(
    `memory did not come to rest within ${SETTLES_WITHIN_MS} ms: ${recent.map(Math.round).join(', ')} MiB`,
  )
}
