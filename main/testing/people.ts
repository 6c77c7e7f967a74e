/** Real engines in one process, for integration tests, the benchmarks and nothing else: real stores, real sockets on loopback. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { assembleEngine } from '../runtime/assemble.ts'
import type { Surroundings } from '../runtime/assemble.ts'
import { MemoryFileGrants } from '../runtime/file-grants.ts'
import { systemClock } from '../runtime/system-clock.ts'
import type { Keychain } from '../ports/runtime.ts'
import type {
  CommandInput,
  CommandName,
  CommandOutputs,
  EngineEvents,
  EventName,
} from '../../shared/ipc/engine-contract.ts'
import { ParleyError } from '../../shared/errors.ts'

const LOOPBACK: readonly string[] = ['/ip4/127.0.0.1/udp/0/quic-v1', '/ip4/127.0.0.1/tcp/0']

/** Seals by a key that lives as long as the test: what the OS keychain is to the desktop. */
export class TestKeychain implements Keychain {
  readonly available = true
  #present = true

  seal(bytes: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(bytes.map((byte) => byte ^ 0xa5))
  }

  open(bytes: Uint8Array): Promise<Uint8Array | null> {
    return Promise.resolve(this.#present ? bytes.map((byte) => byte ^ 0xa5) : null)
  }

  /** The entry is gone, as after a reinstalled system. */
  lose(): void {
    this.#present = false
  }
}

export class Person {
  readonly profileDir: string
  readonly keychain = new TestKeychain()
  readonly grants = new MemoryFileGrants(systemClock)
  readonly #options: Partial<Surroundings>
  #engine: Engine | null = null
  #nextId = 1
  readonly #waiters = new Set<() => void>()

  constructor(profileDir: string, options: Partial<Surroundings> = {}) {
    this.profileDir = profileDir
    this.#options = options
  }

  static async make(options: Partial<Surroundings> = {}): Promise<Person> {
    return new Person(await mkdtemp(join(tmpdir(), 'parley-test-')), options)
  }

  get engine(): Engine {
    if (this.#engine === null) throw new Error('the engine does not run')
    return this.#engine
  }

  async open(): Promise<void> {
    const engine = await assembleEngine({
      profileDir: this.profileDir,
      appVersion: '0.0.0',
      sqliteBinding: null,
      keychain: this.keychain,
      desktop: { notify: () => undefined, setBadge: () => undefined, settingsChanged: () => undefined },
      grants: this.grants,
      log: { info: () => undefined, warn: () => undefined },
      listen: LOOPBACK,
      transports: ['quic', 'tcp', 'circuit'],
      ...this.#options,
    })
    engine.onEvent(() => {
      for (const wake of this.#waiters) wake()
    })
    this.#engine = engine
    await engine.start()
  }

  async close(): Promise<void> {
    await this.#engine?.stop()
    this.#engine = null
  }

  async remove(): Promise<void> {
    await this.close()
    await rm(this.profileDir, { recursive: true, force: true })
  }

  async call<Name extends CommandName>(command: Name, input: CommandInput<Name>): Promise<CommandOutputs[Name]> {
    const reply = await this.engine.handle({ id: this.#nextId++, command, input })
    if (reply === null) throw new Error('no reply')
    if (!reply.ok) throw new ParleyError(reply.code, reply.detail)
    // The router answers each command with the type that the contract gives it.
    return reply.value as CommandOutputs[Name]
  }

  on<Name extends EventName>(event: Name, listener: (payload: EngineEvents[Name]) => void): () => void {
    return this.engine.onEvent((message) => {
      if (message.event === event) listener(message.payload as EngineEvents[Name])
    })
  }

  /** Looks now and after each event, until `look` finds something. */
  async until<T>(what: string, look: () => Promise<T | null | undefined | false>, withinMs = 20_000): Promise<T> {
    const deadline = systemClock.monotonicMs() + withinMs
    for (;;) {
      const found = await look()
      if (found !== null && found !== undefined && found !== false) return found
      const leftMs = deadline - systemClock.monotonicMs()
      if (leftMs <= 0) throw new Error(`waited in vain until ${what}`)
      await this.#nextEvent(leftMs)
    }
  }

  #nextEvent(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#waiters.delete(done)
        resolve()
      }
      const cancel = systemClock.after(withinMs, done)
      this.#waiters.add(done)
    })
  }
}
