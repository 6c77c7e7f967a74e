/** Opens the app for real use: prepares what is missing, builds what is stale. */
import { spawn } from 'node:child_process'
import { buildIfStale } from './build.ts'
import { openDisplay } from './display.ts'
import { electronRuntime } from './electron-runtime.ts'
import { ROOT } from './paths.ts'
import { failWith } from './run.ts'
import { sandboxArguments } from './sandbox.ts'
import { ensureSystemLibraries } from './system-libraries.ts'

const start = async (): Promise<void> => {
  await ensureSystemLibraries()
  const runtime = await electronRuntime()
  await buildIfStale()
  const display = await openDisplay()
  if (display.virtual) console.log('there is no display here: the window opens on a virtual one')
  const app = spawn(runtime.executablePath, [...sandboxArguments(), ROOT, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...runtime.env, ...display.env },
  })
  const forward = (signal: NodeJS.Signals): void => void app.kill(signal)
  process.on('SIGINT', forward)
  process.on('SIGTERM', forward)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  app.once('error', reject)
  app.once('close', (code) => resolve(code ?? 0))
  process.exitCode = await promise
  await display.stop()
}

start().catch(failWith)
