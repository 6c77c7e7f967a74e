import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './paths.ts'

const text = async (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const declared = async (): Promise<Readonly<Record<string, string>>> => {
  const { dependencies, devDependencies } = JSON.parse(await text('package.json')) as PackageJson
  return { ...dependencies, ...devDependencies }
}

test('each dependency is pinned to one exact version', async () => {
  const versions = Object.values(await declared())
  expect(versions.filter((version) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('docs/dependencies.md has a line for each dependency, and for no other', async () => {
  const rows = (await text('docs/dependencies.md')).split('\n').filter((line) => line.startsWith('| '))
  const cells = rows.flatMap((row) => (row.split('|')[1] ?? '').split(',')).map((cell) => cell.trim())
  const documented = cells.filter((cell) => cell !== 'package' && cell !== '---').sort()
  expect(documented).toEqual(Object.keys(await declared()).sort())
})

test('the lockfile names no registry', async () => {
  const lockfile = await text('package-lock.json')
  expect(lockfile).not.toContain('"resolved"')
  expect(lockfile.length).toBeGreaterThan(1_000)
})

test('the lockfile holds the add-ons of every system, also of those it was not made on', async () => {
  const { packages } = JSON.parse(await text('package-lock.json')) as {
    packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
  }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  )
  expect(missing).toEqual([])
})
