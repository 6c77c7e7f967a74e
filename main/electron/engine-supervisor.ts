import { MessageChannelMain, utilityProcess } from 'electron'
import type { UtilityProcess, WebContents } from 'electron'
import type { EngineToHost, HostToEngine } from '../../shared/ipc/engine-host.ts'
import { ENGINE_PORT_MESSAGE } from '../../shared/ipc/shell-contract.ts'
import type { EngineState } from '../../shared/ipc/shell-contract.ts'
import { decideRestart } from './restart-policy.ts'

/** How long the engine may take to close its store before it is killed. */
const SHUTDOWN_WITHIN_MS = 8_000

export interface EngineSupervisorOptions {
  readonly modulePath: string
  /** The first message to each engine that starts. */
  readonly init: () => HostToEngine
  readonly onMessage: (message: EngineToHost) => void
  readonly onState: (state: EngineState) => void
  /** One line for the log, without personal data. */
  readonly log: (line: string) => void
}

export interface EngineSupervisor {
  readonly state: () => EngineState
  start(): void
  /** False when no engine runs; the message is lost then. */
  send(message: HostToEngine): boolean
  /** Gives the page a fresh port now, and again after each restart of the engine. */
  connect(contents: WebContents): void
  /** Lets the engine close its store, and ends it when it does not. */
  stop(): Promise<void>
}

/** Keeps one engine running: starts it again when it dies, and joins it to the window by a direct port. */
export const createEngineSupervisor = (options: EngineSupervisorOptions): EngineSupervisor => {
  const pages = new Set<WebContents>()
  /** Set once it has spawned, so that `init` is the first thing it hears. */
  let child: UtilityProcess | undefined
  let starting: UtilityProcess | undefined
  let state: EngineState = 'running'
  let stopping = false
  let crashesInARow = 0
  let restartTimer: NodeJS.Timeout | undefined

  const setState = (next: EngineState): void => {
    if (next === state) return
    state = next
    options.onState(next)
  }

  const givePort = (engine: UtilityProcess, contents: WebContents): void => {
    if (contents.isDestroyed()) return
    const { port1, port2 } = new MessageChannelMain()
    engine.postMessage({ type: 'window-port' } satisfies HostToEngine, [port1])
    contents.postMessage(ENGINE_PORT_MESSAGE, null, [port2])
  }

  const start = (): void => {
    const engine = utilityProcess.fork(options.modulePath, [], { serviceName: 'Parley engine', stdio: 'inherit' })
    const startedAtMs = performance.now()
    starting = engine
    engine.once('spawn', () => {
      child = engine
      engine.postMessage(options.init())
      for (const contents of pages) givePort(engine, contents)
    })
    engine.on('message', (message: EngineToHost) => {
      if (message.type === 'started') setState('running')
      options.onMessage(message)
    })
    engine.once('exit', (code) => {
      child = undefined
      starting = undefined
      if (stopping) return
      const decision = decideRestart(crashesInARow, performance.now() - startedAtMs)
      crashesInARow = decision.crashesInARow
      options.log(`the engine ended with code ${code}; it starts again in ${decision.delayMs} ms`)
      setState('restarting')
      restartTimer = setTimeout(start, decision.delayMs)
    })
  }

  return {
    state: () => state,
    start,
    send: (message) => {
      child?.postMessage(message)
      return child !== undefined
    },
    connect: (contents) => {
      if (!pages.has(contents)) {
        pages.add(contents)
        contents.once('destroyed', () => pages.delete(contents))
      }
      if (child) givePort(child, contents)
    },
    stop: async () => {
      stopping = true
      clearTimeout(restartTimer)
      const engine = child ?? starting
      if (engine) {
        const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()))
        const timer = setTimeout(() => engine.kill(), SHUTDOWN_WITHIN_MS)
        engine.postMessage({ type: 'shutdown' } satisfies HostToEngine)
        await ended
        clearTimeout(timer)
      }
      setState('stopped')
    },
  }
}
