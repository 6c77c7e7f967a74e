/** The command line of `parley-relay`. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { ConfigError, loadConfig } from './config.ts'
import { ADDRESS_FILE, startRelay } from './relay.ts'
import type { RunningRelay } from './relay.ts'
import { relayLog } from './relay-log.ts'

interface RunOptions {
  readonly data: string
  readonly config?: string
  readonly listen?: string
  readonly json?: boolean
}

/** Wrong settings and a folder that cannot be used: a sentence and exit code 2. A bug throws. */
const EXIT_REFUSED = 2

async function run(options: RunOptions): Promise<void> {
  const fromFile = loadConfig(options.config ?? null, process.env)
  const config = options.listen === undefined ? fromFile : { ...fromFile, listen: options.listen.split(',') }
  const relay = await startRelay({ dataDir: options.data, config, log: relayLog() })
  process.stdout.write(options.json === true ? jsonLine(relay) : greeting(relay))
  const stop = (): void => {
    void relay.stop().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

function jsonLine(relay: RunningRelay): string {
  return `${JSON.stringify({ relayId: relay.relayId, addresses: relay.addresses(), paste: relay.pasteText() })}\n`
}

function greeting(relay: RunningRelay): string {
  const addresses = relay.addresses().map((address) => `  ${address}\n`)
  return [
    'The relay runs. People add it in Parley under Settings, Network:\n\n',
    `  ${relay.pasteText()}\n\n`,
    'It answers at:\n',
    ...addresses,
  ].join('')
}

async function printAddress(options: { readonly data: string }): Promise<void> {
  try {
    process.stdout.write(await readFile(join(options.data, ADDRESS_FILE), 'utf8'))
  } catch (cause) {
    throw new ConfigError(`No relay has run in ${options.data} yet: start it once with "parley-relay run".`, { cause })
  }
}

/** Resolves when the command is done; for `run` that is when the relay is up. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('parley-relay').description('Holds sealed messages for people who are away')
  program
    .command('run', { isDefault: true })
    .description('run the relay until it is told to stop')
    .option('--data <dir>', 'folder for its keys, database and blobs', 'relay-data')
    .option('--config <file>', 'JSON file with settings (docs/relay.md)')
    .option('--listen <list>', 'multiaddrs to listen on, separated by commas')
    .option('--json', 'print one JSON line when it is ready')
    .action(run)
  program
    .command('address')
    .description('print what people paste into Settings to use this relay')
    .option('--data <dir>', 'folder of the relay', 'relay-data')
    .action(printAddress)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_REFUSED)
  }
}
