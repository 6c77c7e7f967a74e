/** `parley-relay run`. */

import { configFileOf, loadConfig } from '../config-file.ts'
import { relayLog } from '../relay-log.ts'
import type { RelayLog } from '../relay-log.ts'
import { startRelay } from '../relay.ts'
import type { RunningRelay } from '../relay.ts'
import { crash } from './crash.ts'

export interface RunOptions {
  readonly data: string
  readonly config?: string
  readonly listen?: string
  readonly json?: boolean
}

const EXIT_IMPATIENT = 130

export async function run(options: RunOptions): Promise<void> {
  const fromFile = loadConfig(configFileOf(options.data, options.config), process.env)
  const config = options.listen === undefined ? fromFile : { ...fromFile, listen: options.listen.split(',') }
  const log = relayLog(config.logLevel)
  logWhatNodeSays(log)
  const relay = await startRelay({ dataDir: options.data, config, log })
  process.stdout.write(options.json === true ? jsonLine(relay) : greeting(relay))
  stopOnSignals(relay, log)
}

/** The first signal drains, the second does not wait. */
function stopOnSignals(relay: RunningRelay, log: RelayLog): void {
  let stopping = false
  const stop = (): void => {
    if (stopping) process.exit(EXIT_IMPATIENT)
    stopping = true
    relay.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        crash(log, error)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** Node's own words go to the log in its form, without what an error's message may hold: addresses, ids. */
function logWhatNodeSays(log: RelayLog): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    log.info('node-warning', { kind: warning.name })
  })
  process.on('uncaughtException', (error) => {
    crash(log, error)
  })
}

function jsonLine(relay: RunningRelay): string {
  const { relayId, operatorUrl } = relay
  const [addresses, fullAddresses, paste] = [relay.addresses(), relay.fullAddresses(), relay.pasteText()]
  return `${JSON.stringify({ relayId, addresses, fullAddresses, paste, operatorUrl })}\n`
}

/** Addresses first, one a line, so that a script reads them off the top. */
function greeting(relay: RunningRelay): string {
  const status =
    relay.operatorUrl === null ? [] : [`\nStatus, metrics and health, on this machine alone: ${relay.operatorUrl}/\n`]
  return [
    ...relay.fullAddresses().map((address) => `${address}\n`),
    `${relay.pasteText()}\n\n`,
    'The relay runs. People paste the line above into Parley under Settings, Network.\n',
    ...status,
  ].join('')
}
