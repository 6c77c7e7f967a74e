/** The command line of `parley-relay`. */

import { Command, InvalidArgumentError } from 'commander'
import { backup } from './backup.ts'
import type { CheckOptions } from './check.ts'
import { init } from './init.ts'
import { printAddress } from './print-address.ts'
import { printSchema } from './print-schema.ts'
import { restore } from './restore.ts'
import type { RunOptions } from './run.ts'
import { stats } from './stats.ts'
import { issueToken, listTokens, revokeToken } from './token.ts'

/** Wrong settings and a folder that cannot be used: a sentence and exit code 2. A bug throws. */
const EXIT_REFUSED = 2
// What needs the network's libraries is loaded when it is asked for: the other commands answer at once.
const DATA = ['--data <dir>', 'folder of the relay: keys, database, attachments', 'relay-data'] as const
const CONFIG = ['--config <file>', 'settings; else config.yaml in the data folder, where there is one'] as const

/** Resolves when the command is done; for `run` that is when the relay is up. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('parley-relay').description('Holds sealed messages for people who are away')
  addRunning(program)
  addAsking(program)
  addTokens(program)
  addKeeping(program)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_REFUSED)
  }
}

function addRunning(program: Command): void {
  program
    .command('init')
    .description('make keys and a commented config file, and say what comes next')
    .option(...DATA)
    .option('--announce <list>', 'addresses to hand out, separated by commas: /dns4/relay.example.org/tcp/4001')
    .option('--new-mailboxes <who>', 'open, invite, list, secret or closed')
    .action(init)
  program
    .command('run', { isDefault: true })
    .description('run the relay until it is told to stop')
    .option(...DATA)
    .option(...CONFIG)
    .option('--listen <list>', 'multiaddrs to listen on, separated by commas')
    .option('--json', 'print one JSON line when it is ready')
    .action(async (options: RunOptions) => (await import('./run.ts')).run(options))
  program
    .command('check')
    .description('see whether the relay would run, and whether its addresses answer')
    .option(...DATA)
    .option(...CONFIG)
    .action(async (options: CheckOptions) => (await import('./check.ts')).check(options))
}

function addAsking(program: Command): void {
  program
    .command('address')
    .description('print what people paste into Settings to use this relay')
    .option(...DATA)
    .action(printAddress)
  program
    .command('stats')
    .description('print the numbers of the relay that runs')
    .option(...DATA)
    .option('--json', 'as JSON')
    .action(stats)
  program.command('schema').description('print the JSON Schema of the config file').action(printSchema)
}

function addTokens(program: Command): void {
  const token = program.command('token').description('invites that let people open a mailbox here')
  token
    .command('issue')
    .description('make an invite and print the line that its holder pastes into Settings')
    .requiredOption('--name <name>', 'for you: whom it is for')
    .option('--uses <number>', 'how many mailboxes it opens: one for each device', wholeNumber(1, 100_000), 3)
    .option('--days <number>', 'how long it can be used', wholeNumber(1, 3_650), 30)
    .option(...DATA)
    .option(...CONFIG)
    .action(issueToken)
  token
    .command('list')
    .description('print the invites, without their secrets')
    .option(...DATA)
    .option(...CONFIG)
    .action(listTokens)
  token
    .command('revoke')
    .description('end an invite; mailboxes that it opened stay')
    .argument('<id>', 'as in the list')
    .option(...DATA)
    .option(...CONFIG)
    .action(revokeToken)
}

function addKeeping(program: Command): void {
  program
    .command('backup')
    .description('copy keys, database and attachments into a new folder, also while the relay runs')
    .argument('<to>', 'folder that is new or empty')
    .option(...DATA)
    .action(backup)
  program
    .command('restore')
    .description('put a backup, once verified, into a new data folder')
    .argument('<from>', 'folder that "backup" wrote')
    .option(...DATA)
    .action(restore)
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It wants a whole number from ${least} to ${most}.`)
  }
}
