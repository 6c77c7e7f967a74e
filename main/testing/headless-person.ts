/** A person at a headless engine in a process of its own, which may live in a network namespace of its own. */

import { join } from 'node:path'
import type {
  CommandInput,
  CommandName,
  CommandOutputs,
  CommandReply,
  EngineEventMessage,
} from '../../shared/ipc/engine-contract.ts'
import { ParleyError } from '../../shared/errors.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { LineProcess } from './line-process.ts'

export const MAIN_FOLDER = join(import.meta.dirname, '..')
export const TEST_PASSPHRASE = 'four words for a test'

export interface HeadlessOptions {
  readonly profileDir: string
  /** `--transports` and `--listen` of main/headless.ts. */
  readonly transports?: string
  readonly listen?: string
  /** What stands before the command: `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
}

export type EventListener = (message: EngineEventMessage, atMs: number) => void

export class HeadlessPerson {
  readonly #process: LineProcess
  readonly #replies = new Map<number, (reply: CommandReply) => void>()
  readonly #listeners = new Set<EventListener>()
  #nextId = 1

  constructor(options: HeadlessOptions) {
    const [command = process.execPath, ...args] = [
      ...(options.prefix ?? []),
      process.execPath,
      join(MAIN_FOLDER, 'headless.ts'),
      '--profile',
      options.profileDir,
      ...(options.transports === undefined ? [] : ['--transports', options.transports]),
      ...(options.listen === undefined ? [] : ['--listen', options.listen]),
    ]
    this.#process = new LineProcess(command, args)
    this.#process.onLine((line, atMs) => {
      this.#onMessage(JSON.parse(line) as CommandReply | EngineEventMessage, atMs)
    })
  }

  /** Starts it on a new profile and makes the account; a headless node has no keychain. */
  static async create(name: string, options: HeadlessOptions): Promise<HeadlessPerson> {
    const person = new HeadlessPerson(options)
    await person.call('account.create', { name, passphrase: TEST_PASSPHRASE })
    return person
  }

  #onMessage(message: CommandReply | EngineEventMessage, atMs: number): void {
    if ('event' in message) {
      for (const listener of this.#listeners) listener(message, atMs)
      return
    }
    this.#replies.get(message.id)?.(message)
    this.#replies.delete(message.id)
  }

  async call<Name extends CommandName>(command: Name, input: CommandInput<Name>): Promise<CommandOutputs[Name]> {
    const id = this.#nextId++
    const answered = new Promise<CommandReply>((resolve) => {
      this.#replies.set(id, resolve)
    })
    this.#process.write(JSON.stringify({ id, command, input }))
    const ended = this.#process.ended.then(() =>
      Promise.reject(new Error(`the engine ended during ${command}: ${this.#process.errorText}`)),
    )
    const reply = await Promise.race([answered, ended])
    if (!reply.ok) throw new ParleyError(reply.code, `${command}: ${reply.detail}`)
    // The router answers each command with the type that the contract gives it.
    return reply.value as CommandOutputs[Name]
  }

  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Looks now and after each event, until `look` finds something. */
  async until<T>(what: string, look: () => Promise<T | null | undefined | false>, withinMs = 20_000): Promise<T> {
    const deadlineMs = systemClock.monotonicMs() + withinMs
    for (;;) {
      let happened = false
      let wake: () => void = () => undefined
      const forget = this.onEvent(() => {
        happened = true
        wake()
      })
      try {
        const found = await look()
        if (found !== null && found !== undefined && found !== false) return found
        const leftMs = deadlineMs - systemClock.monotonicMs()
        if (leftMs <= 0) throw new Error(`waited in vain until ${what}`)
        await new Promise<void>((resolve) => {
          const cancel = systemClock.after(leftMs, resolve)
          wake = () => {
            cancel()
            resolve()
          }
          if (happened) wake()
        })
      } finally {
        forget()
      }
    }
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}
