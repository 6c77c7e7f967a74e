/**
 * The fuses of a packaged app: switches in Electron's binary that a flag, a variable or a changed
 * file cannot turn back. Packaging flips them after the app is laid out and before it is signed.
 */
import { FuseState, FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses'

export const RELEASE_FUSES: Readonly<Record<FuseV1Options, boolean>> = {
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  [FuseV1Options.WasmTrapHandlers]: true,
}

const FUSES = Object.keys(RELEASE_FUSES).map((key) => Number(key) as FuseV1Options)

/** The fuses that the binary has: an older Electron lacks the newest. */
const fusesOf = async (executablePath: string): Promise<ReadonlyMap<FuseV1Options, FuseState>> => {
  const wire = await getCurrentFuseWire(executablePath)
  const states = FUSES.map((fuse) => [fuse, wire[fuse]] as const)
  return new Map(states.flatMap(([fuse, state]) => (state === undefined ? [] : [[fuse, state] as const])))
}

/** Flips every fuse that the binary has. */
export const flipReleaseFuses = async (executablePath: string): Promise<void> => {
  const present = await fusesOf(executablePath)
  const wanted = Object.fromEntries([...present.keys()].map((fuse) => [fuse, RELEASE_FUSES[fuse]]))
  await flipFuses(executablePath, {
    version: FuseVersion.V1,
    ...wanted,
    resetAdHocDarwinSignature: process.platform === 'darwin',
  })
}

/** The fuses that are not as a release wants them, by name; empty: all are. */
export const wrongFuses = async (executablePath: string): Promise<readonly string[]> => {
  const present = await fusesOf(executablePath)
  return [...present]
    .filter(([fuse, state]) => state !== (RELEASE_FUSES[fuse] ? FuseState.ENABLE : FuseState.DISABLE))
    .map(([fuse]) => FuseV1Options[fuse])
}
