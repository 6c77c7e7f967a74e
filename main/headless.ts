/** `parley`: the engine in plain Node. Speaks the contract as JSON lines on standard input and output (docs/protocol/contract.md). */

import './net/promise-with-resolvers.ts'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import type { DirectTransport } from '../shared/model/chat.ts'
import { assembleEngine, ALL_TRANSPORTS } from './runtime/assemble.ts'
import { MemoryFileGrants } from './runtime/file-grants.ts'
import { engineLog } from './runtime/log.ts'
import { systemClock } from './runtime/system-clock.ts'

interface Options {
  readonly profile: string
  readonly transports: string
  readonly listen?: string
  readonly log: string
}

/**
 * One JSON line a request: `{"id":1,"command":"app.state","input":{}}`, or `{"grant":"PATH","access":"read"}`, which
 * is answered by `{"grant":"…"}`. Events and replies come out the same way. Bytes are `{"base64":"…"}`.
 */
async function serve(options: Options): Promise<void> {
  const grants = new MemoryFileGrants(systemClock)
  const engine = await assembleEngine({
    profileDir: options.profile,
    appVersion: packageFile.version,
    sqliteBinding: process.env['PARLEY_SQLITE_BINDING'] ?? null,
    keychain: {
      available: false,
      seal: () => Promise.reject(new Error('the headless node has no keychain')),
      open: () => Promise.resolve(null),
    },
    grants,
    log: engineLog({ level: options.log }),
    desktop: {
      notify: () => undefined,
      setBadge: () => undefined,
      settingsChanged: () => undefined,
    },
    transports: ALL_TRANSPORTS.filter((name: DirectTransport) => options.transports.split(',').includes(name)),
    ...(options.listen === undefined ? {} : { listen: options.listen.split(',') }),
  })
  engine.onEvent(write)
  await engine.start()
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const message = parseLine(line)
    if (message === undefined) {
      write({ ok: false, code: 'malformed', detail: 'not JSON' })
      return
    }
    if (isGrantRequest(message)) {
      write({ grant: grants.add(message.grant, message.access) })
      return
    }
    void engine.handle(message).then((reply) => {
      write(reply ?? { ok: false, code: 'bad-request', detail: 'not a request' })
    })
  })
  const stop = async (): Promise<void> => {
    lines.close()
    await engine.stop()
    process.exit(0)
  }
  lines.once('close', () => void stop())
  process.once('SIGTERM', () => void stop())
  process.once('SIGINT', () => void stop())
}

function write(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message, encodeBytes)}\n`)
}

function encodeBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

function decodeBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return value
  const { base64 } = value as { base64?: unknown }
  return typeof base64 === 'string' ? new Uint8Array(Buffer.from(base64, 'base64')) : value
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line, decodeBytes)
  } catch {
    return undefined
  }
}

function isGrantRequest(message: unknown): message is { readonly grant: string; readonly access: 'read' | 'write' } {
  if (typeof message !== 'object' || message === null) return false
  const { grant, access } = message as { grant?: unknown; access?: unknown }
  return typeof grant === 'string' && (access === 'read' || access === 'write')
}

const program = new Command('parley')
  .description('Parley without a window: JSON lines in, JSON lines out')
  .requiredOption('--profile <dir>', 'folder of the profile')
  .option('--transports <list>', 'direct transports, separated by commas', ALL_TRANSPORTS.join(','))
  .option('--listen <list>', 'multiaddrs to listen on, separated by commas')
  .option('--log <level>', 'trace, debug, info, warn, error or silent', 'warn')
  .action((options: Options) => serve(options))

await program.parseAsync()
