/** The engine inside Electron's utility process: speaks shared/ipc/engine-host.ts with the shell, the contract with the window. */

import './net/promise-with-resolvers.ts'
import type { Engine } from './engine.ts'
import type { DirectTransport } from '../shared/model/chat.ts'
import type { EngineToHost, HostToEngine } from '../shared/ipc/engine-host.ts'
import type { MessageId } from '../shared/model/ids.ts'
import { isParleyError } from '../shared/errors.ts'
import { assembleEngine, ALL_TRANSPORTS } from './runtime/assemble.ts'
import { MemoryFileGrants } from './runtime/file-grants.ts'
import { HostKeychain } from './runtime/host-keychain.ts'
import { engineLog } from './runtime/log.ts'
import { systemClock } from './runtime/system-clock.ts'

/** The part of Electron's MessagePortMain that is used; this file runs without Electron's types. */
interface Port {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
  start(): void
}

interface ParentPort {
  postMessage(message: EngineToHost): void
  on(
    event: 'message',
    listener: (event: { readonly data: HostToEngine; readonly ports: readonly Port[] }) => void,
  ): void
}

const log = engineLog({ level: process.env['PARLEY_LOG'] ?? 'warn' })

class EngineProcess {
  readonly #parent: ParentPort
  readonly #grants = new MemoryFileGrants(systemClock)
  #assembled: Promise<Engine> | null = null
  #engine: Engine | null = null
  #keychain: HostKeychain | null = null
  #started: Promise<void> = Promise.resolve()

  constructor(parent: ParentPort) {
    this.#parent = parent
  }

  listen(): void {
    this.#parent.on('message', ({ data, ports }) => {
      this.#onMessage(data, ports)
    })
  }

  #onMessage(message: HostToEngine, ports: readonly Port[]): void {
    switch (message.type) {
      case 'init':
        this.#assembled = this.#init(message)
        return
      case 'window-port':
        for (const port of ports) void this.#attach(port)
        return
      case 'focus':
        this.#engine?.node?.attention.setFocused(message.focused)
        return
      case 'grant':
        this.#grants.accept(message.grant, message.path, message.access)
        return
      case 'keychain-reply':
        this.#keychain?.onReply(message.requestId, message.bytes)
        return
      case 'media-request':
        void this.#media(message)
        return
      case 'network-hint':
        this.#engine?.networkHint(message.online)
        return
      case 'shutdown':
        void this.#shutdown()
    }
  }

  async #init(message: Extract<HostToEngine, { type: 'init' }>): Promise<Engine> {
    const keychain = new HostKeychain(message.keychain, (request) => {
      this.#parent.postMessage(request)
    })
    this.#keychain = keychain
    const engine = await assembleEngine({
      profileDir: message.profileDir,
      appVersion: message.appVersion,
      sqliteBinding: message.sqliteBinding,
      keychain,
      grants: this.#grants,
      log,
      desktop: {
        notify: (note) => {
          this.#parent.postMessage({ type: 'notify', ...note })
        },
        setBadge: (count) => {
          this.#parent.postMessage({ type: 'badge', count })
        },
        settingsChanged: (settings) => {
          this.#parent.postMessage({ type: 'settings', settings })
        },
      },
      ...testOptions(),
    })
    this.#engine = engine
    this.#started = engine.start()
    this.#parent.postMessage({ type: 'started' })
    return engine
  }

  async #attach(port: Port): Promise<void> {
    if (this.#assembled === null) throw new Error('a window came before the profile')
    const engine = await this.#assembled
    const stop = engine.onEvent((event) => {
      port.postMessage(event)
    })
    port.on('close', stop)
    port.on('message', ({ data }) => {
      void engine.handle(data).then((reply) => {
        if (reply !== null) port.postMessage(reply)
      })
    })
    port.start()
  }

  async #media({ requestId, messageId, start, end }: Extract<HostToEngine, { type: 'media-request' }>): Promise<void> {
    try {
      const node = this.#engine?.node
      if (node === null || node === undefined) {
        this.#parent.postMessage({ type: 'media-reply', requestId, result: { ok: false, code: 'not-ready' } })
        return
      }
      const media = await node.blobs.readMedia(messageId as MessageId, start, end)
      this.#parent.postMessage({ type: 'media-reply', requestId, result: { ok: true, ...media } })
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#parent.postMessage({ type: 'media-reply', requestId, result: { ok: false, code: error.code } })
    }
  }

  async #shutdown(): Promise<void> {
    await this.#started
    await this.#engine?.stop()
    this.#parent.postMessage({ type: 'stopped' })
    process.exit(0)
  }
}

/** `PARLEY_TRANSPORTS=tcp,quic` narrows the paths: end-to-end tests prove each one. */
function testOptions(): {
  transports?: readonly DirectTransport[]
  listen?: readonly string[]
  resendAfterMs?: number
} {
  const transports = process.env['PARLEY_TRANSPORTS']
  const listen = process.env['PARLEY_LISTEN']
  const resendAfterMs = process.env['PARLEY_RESEND_AFTER_MS']
  return {
    ...(transports === undefined
      ? {}
      : { transports: ALL_TRANSPORTS.filter((name) => transports.split(',').includes(name)) }),
    ...(listen === undefined ? {} : { listen: listen.split(',') }),
    ...(resendAfterMs === undefined ? {} : { resendAfterMs: Number(resendAfterMs) }),
  }
}

/** A bug ends this process with its stack on stderr; the shell starts a new one, and the store is as of the last commit. */
function crash(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'not an error'}\n`)
  process.exit(1)
}

process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

const { parentPort } = process as unknown as { parentPort?: ParentPort }
if (parentPort === undefined) throw new Error('engine-process runs inside a utility process')
new EngineProcess(parentPort).listen()
