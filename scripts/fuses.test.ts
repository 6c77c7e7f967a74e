import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { electronRuntime } from './electron-runtime.ts'
import { flipReleaseFuses, wrongFuses } from './fuses.ts'

test('a copy of the runtime gets the fuses of a release', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-fuses-'))
  try {
    const copy = join(folder, 'electron')
    await copyFile((await electronRuntime()).executablePath, copy)
    expect(await wrongFuses(copy)).toContain('EnableNodeCliInspectArguments')
    await flipReleaseFuses(copy)
    expect(await wrongFuses(copy)).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
