import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const tryTake = async (lockFile: string): Promise<boolean> => {
  try {
    const handle = await open(lockFile, 'wx')
    await handle.writeFile(String(process.pid))
    await handle.close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Runs `work` while no other process holds the same lock file; a lock whose owner died is taken over. */
export const exclusive = async <T>(lockFile: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(lockFile), { recursive: true })
  let announced = false
  while (!(await tryTake(lockFile))) {
    const owner = Number(await readFile(lockFile, 'utf8').catch(() => ''))
    if (owner > 0 && !isAlive(owner)) {
      await rm(lockFile, { force: true })
      continue
    }
    if (!announced) console.log(`waiting for process ${owner || '?'} that is at the same work (${lockFile})`)
    announced = true
    await wait(250)
  }
  try {
    return await work()
  } finally {
    await rm(lockFile, { force: true })
  }
}
