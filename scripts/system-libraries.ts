import { access } from 'node:fs/promises'
import { hasProgram, run, runOrThrow } from './run.ts'

/** What Electron links against, by the file that the loader looks for and Debian's package for it. */
const LIBRARIES: readonly (readonly [soname: string, debianPackage: string])[] = [
  ['libgtk-3.so.0', 'libgtk-3-0'],
  ['libnss3.so', 'libnss3'],
  ['libasound.so.2', 'libasound2'],
  ['libgbm.so.1', 'libgbm1'],
  ['libXss.so.1', 'libxss1'],
]

const PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['Xvfb', 'xvfb'],
  ['xauth', 'xauth'],
]

/** For the SQLite add-on, where it has to be built (see electron-runtime.ts). */
const BUILD_TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['python3', 'python3'],
  ['make', 'make'],
  ['g++', 'g++'],
]

/** For the test of two hosts on one machine, which needs root and Linux anyway. */
const NETWORK_TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
]

/** Servers that tests of the relay run beside it. */
const TEST_SERVERS: readonly (readonly [program: string, debianPackage: string])[] = [['turnserver', 'coturn']]

/** For the tests of several machines (npm run test:cluster), beside PostgreSQL and the network tools. */
const CLUSTER_TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['patroni', 'patroni'],
  ['etcd', 'etcd-server'],
  ['setpriv', 'util-linux'],
]

const missingPrograms = async (wanted: typeof PROGRAMS): Promise<string[]> => {
  const missing: string[] = []
  for (const [program, debianPackage] of wanted) {
    if (!(await hasProgram(program))) missing.push(debianPackage)
  }
  return missing
}

const loaderCache = async (): Promise<string> => {
  for (const ldconfig of ['ldconfig', '/sbin/ldconfig']) {
    const result = await run(ldconfig, ['-p'], { output: 'collect' }).catch(() => undefined)
    if (result?.code === 0) return result.output
  }
  return ''
}

const isDebian = async (): Promise<boolean> =>
  access('/etc/debian_version').then(
    () => true,
    () => false,
  )

const install = async (packages: readonly string[]): Promise<void> => {
  const line = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (!(await isDebian())) {
    throw new Error(
      `Parley needs system libraries that are missing here. On Debian and Ubuntu they are: ${packages.join(' ')}`,
    )
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      `Parley needs system libraries that are missing here. Run this, then try again:\n  sudo sh -c '${line}'`,
    )
  }
  console.log(`installing Debian packages: ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await runOrThrow('apt-get', ['update', '-q'], { env, output: 'collect' })
  await runOrThrow('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], {
    env,
    output: 'collect',
  })
}

/**
 * Makes sure that Electron can start on this machine: on Debian as root it installs what is missing.
 * @throws Error that names the one line to run, elsewhere
 */
export const ensureSystemLibraries = async (): Promise<void> => {
  if (process.platform !== 'linux') return
  const known = await loaderCache()
  const missing = LIBRARIES.filter(([soname]) => !known.includes(soname)).map(([, debianPackage]) => debianPackage)
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) missing.push(...(await missingPrograms(PROGRAMS)))
  if (missing.length > 0) await install(missing)
}

/** The same for the tools that build the SQLite add-on. */
export const ensureBuildTools = async (): Promise<void> => {
  if (process.platform !== 'linux') return
  const missing = await missingPrograms(BUILD_TOOLS)
  if (missing.length > 0) await install(missing)
}

const POSTGRES = '/usr/lib/postgresql'

/** The same for the server that the relay's other store is tested on. It is not on the PATH, and tests start their own. */
export const ensurePostgres = async (): Promise<void> => {
  if (process.platform !== 'linux') return
  const there = await access(POSTGRES).then(
    () => true,
    () => false,
  )
  if (!there) await install(['postgresql'])
}

/** The same for a replicated one on several hosts. */
export const ensureClusterTools = async (): Promise<void> => {
  await ensurePostgres()
  const missing = await missingPrograms([...CLUSTER_TOOLS, ...NETWORK_TOOLS])
  if (missing.length > 0) await install(missing)
}

/** The same for tests of two hosts and of other servers: on Debian as root only. Elsewhere they say what they lack, and are not run. */
export const ensureNetworkTools = async (): Promise<void> => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !(await isDebian())) return
  const missing = await missingPrograms([...NETWORK_TOOLS, ...TEST_SERVERS])
  if (missing.length > 0) await install(missing)
}
