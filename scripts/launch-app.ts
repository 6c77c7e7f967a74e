/** Starts the built app under Playwright, for the end-to-end tests, the demo and the icons. */
import { _electron as electron } from 'playwright'
import type { ElectronApplication } from 'playwright'
import { electronRuntime } from './electron-runtime.ts'
import type { ElectronRuntime } from './electron-runtime.ts'
import { ROOT } from './paths.ts'
import { run } from './run.ts'
import { sandboxArguments } from './sandbox.ts'

export interface LaunchOptions {
  readonly profileDir: string
  /** More for the command line: a `parley://` link, a Chromium switch. */
  readonly args?: readonly string[]
  /** Laid over this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Where `--no-sandbox` is said to be added; by default the terminal. */
  readonly say?: (line: string) => void
}

/** Later layers win; what is undefined is left out. */
const environment = (...layers: Readonly<Record<string, string | undefined>>[]): Record<string, string> => {
  const merged: Record<string, string> = {}
  for (const [key, value] of layers.flatMap((layer) => Object.entries(layer))) {
    if (value !== undefined) merged[key] = value
  }
  return merged
}

const appArguments = (options: LaunchOptions): string[] => [
  ...sandboxArguments(options.say),
  ROOT,
  `--profile=${options.profileDir}`,
  ...(options.args ?? []),
]

const appEnvironment = (runtime: ElectronRuntime, options: LaunchOptions): Record<string, string> =>
  environment(process.env, runtime.env, options.env ?? {})

export const launchApp = async (options: LaunchOptions): Promise<ElectronApplication> => {
  const runtime = await electronRuntime()
  return electron.launch({
    executablePath: runtime.executablePath,
    args: appArguments(options),
    env: appEnvironment(runtime, options),
    cwd: ROOT,
  })
}

/** Starts the app once more on a profile that is open, and returns its exit code. */
export const runSecondInstance = async (profileDir: string, args: readonly string[]): Promise<number> => {
  const runtime = await electronRuntime()
  const options = { profileDir, args, say: () => undefined }
  const env = appEnvironment(runtime, options)
  return (await run(runtime.executablePath, appArguments(options), { env, output: 'collect' })).code
}
