/** Starts the built app under Playwright, for the end-to-end tests, the demo and the icons. */
import { _electron as electron } from 'playwright'
import type { ElectronApplication } from 'playwright'
import { electronRuntime } from './electron-runtime.ts'
import { ROOT } from './paths.ts'
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

const environment = (...layers: Readonly<Record<string, string | undefined>>[]): Record<string, string> => {
  const merged: Record<string, string | undefined> = Object.assign({}, ...layers)
  return Object.fromEntries(
    Object.entries(merged).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}

export const launchApp = async (options: LaunchOptions): Promise<ElectronApplication> => {
  const runtime = await electronRuntime()
  return electron.launch({
    executablePath: runtime.executablePath,
    args: [...sandboxArguments(options.say), ROOT, `--profile=${options.profileDir}`, ...(options.args ?? [])],
    env: environment(process.env, runtime.env, options.env ?? {}),
    cwd: ROOT,
  })
}
