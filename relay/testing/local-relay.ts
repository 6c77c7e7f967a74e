/** A real relay in this process, on loopback, with a clock of the test's own. */

import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RelayId } from '../../shared/model/ids.ts'
import { configSchema } from '../config.ts'
import type { RelayConfig } from '../config.ts'
import type { RelayLog } from '../relay-log.ts'
import { startRelay } from '../relay.ts'
import type { RelayOptions, RunningRelay } from '../relay.ts'

export const TCP_LOOPBACK = '/ip4/127.0.0.1/tcp/0'

export interface LocalRelayOptions extends Partial<
  Pick<RelayOptions, 'now' | 'clocks' | 'helloWithinMs' | 'eraseEveryMs'>
> {
  readonly config?: Partial<RelayConfig>
  /** Another front end of the same relay: it has the same key. */
  readonly besides?: LocalRelay
  /** Default: TCP on a free port. */
  readonly listen?: string
}

export interface LogLine {
  readonly event: string
  readonly fields: Readonly<Record<string, string | number>>
}

export class LocalRelay {
  readonly dataDir: string
  readonly log: LogLine[] = []
  readonly #options: LocalRelayOptions
  #running: RunningRelay | null = null

  private constructor(dataDir: string, options: LocalRelayOptions) {
    this.dataDir = dataDir
    this.#options = options
  }

  static async start(options: LocalRelayOptions = {}): Promise<LocalRelay> {
    const relay = new LocalRelay(await mkdtemp(join(tmpdir(), 'parley-relay-')), options)
    if (options.besides !== undefined) {
      await copyFile(join(options.besides.dataDir, 'relay.key'), join(relay.dataDir, 'relay.key'))
    }
    await relay.start()
    return relay
  }

  get running(): RunningRelay {
    if (this.#running === null) throw new Error('the relay does not run')
    return this.#running
  }

  get relayId(): RelayId {
    return this.running.relayId
  }

  get contact(): { readonly relayId: RelayId; readonly addresses: readonly string[] } {
    return { relayId: this.running.relayId, addresses: this.running.addresses() }
  }

  /** On the addresses that it had before, when there are such. */
  async start(addresses: readonly string[] | null = null): Promise<void> {
    const record = (event: string, fields: LogLine['fields'] = {}): void => {
      this.log.push({ event, fields })
    }
    const log: RelayLog = { debug: () => undefined, info: record, error: record }
    const { config, listen = TCP_LOOPBACK, besides: _besides, ...options } = this.#options
    this.#running = await startRelay({
      ...options,
      dataDir: this.dataDir,
      config: configSchema.parse({
        listen: addresses ?? [listen],
        minFreeDiskBytes: 0,
        newConnectionsPerSecondPerAddress: 1_000,
        operator: { listen: 'off' },
        ...config,
      }),
      log,
    })
  }

  async restart(): Promise<void> {
    const addresses = this.running.addresses()
    await this.stop()
    await this.start(addresses)
  }

  async stop(): Promise<void> {
    await this.#running?.stop()
    this.#running = null
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
