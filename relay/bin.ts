#!/usr/bin/env node
/** `parley-relay`: runs a relay without a window. */

import { Command } from 'commander'
import { pino } from 'pino'
import { ConfigError, loadConfig } from './config.ts'
import { startRelay } from './relay.ts'
import type { RelayLog } from './relay.ts'

interface RunOptions {
  readonly data: string
  readonly config?: string
  readonly listen?: string
  readonly json?: boolean
}

function relayLog(): RelayLog {
  const log = pino({ base: null }, pino.destination({ fd: 2, sync: true }))
  return {
    info: (event, fields = {}) => {
      log.info(fields, event)
    },
    error: (event, fields = {}) => {
      log.error(fields, event)
    },
  }
}

async function run(options: RunOptions): Promise<void> {
  const fromFile = loadConfig(options.config ?? null, process.env)
  const config = options.listen === undefined ? fromFile : { ...fromFile, listen: options.listen.split(',') }
  const relay = await startRelay({ dataDir: options.data, config, log: relayLog() })
  const started = { relayId: relay.relayId, addresses: relay.addresses(), paste: relay.pasteText() }
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(started)}\n`
      : `The relay runs. People add it in Parley under Settings, Network:\n\n  ${started.paste}\n\nIt answers at ${started.addresses.join(', ')}\n`,
  )
  const stop = (): void => {
    void relay.stop().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

const program = new Command('parley-relay').description('Holds sealed messages for people who are away')

program
  .command('run', { isDefault: true })
  .description('run the relay until it is told to stop')
  .option('--data <dir>', 'folder for its key, database and blobs', 'relay-data')
  .option('--config <file>', 'JSON file with settings (docs/relay.md)')
  .option('--listen <list>', 'multiaddrs to listen on, separated by commas')
  .option('--json', 'print one JSON line when it is ready')
  .action(async (options: RunOptions) => {
    try {
      await run(options)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 2
    }
  })

await program.parseAsync()
