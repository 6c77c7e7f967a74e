/** The OS keychain, asked through the shell. */

import type { Keychain } from '../ports/runtime.ts'
import type { EngineToHost } from '../../shared/ipc/engine-host.ts'
import { ParleyError } from '../../shared/errors.ts'

type KeychainRequest = Extract<EngineToHost, { type: 'keychain-seal' | 'keychain-open' }>

export class HostKeychain implements Keychain {
  readonly available: boolean
  readonly #send: (request: KeychainRequest) => void
  readonly #waiting = new Map<number, (bytes: Uint8Array | null) => void>()
  #nextId = 1

  constructor(available: boolean, send: (request: KeychainRequest) => void) {
    this.available = available
    this.#send = send
  }

  async seal(bytes: Uint8Array): Promise<Uint8Array> {
    const sealed = this.available ? await this.#ask('keychain-seal', bytes) : null
    if (sealed === null) throw new ParleyError('passphrase-needed', 'no keychain')
    return sealed
  }

  open(bytes: Uint8Array): Promise<Uint8Array | null> {
    return this.available ? this.#ask('keychain-open', bytes) : Promise.resolve(null)
  }

  onReply(requestId: number, bytes: Uint8Array | null): void {
    this.#waiting.get(requestId)?.(bytes)
    this.#waiting.delete(requestId)
  }

  #ask(type: KeychainRequest['type'], bytes: Uint8Array): Promise<Uint8Array | null> {
    const requestId = this.#nextId++
    return new Promise((resolve) => {
      this.#waiting.set(requestId, resolve)
      this.#send({ type, requestId, bytes })
    })
  }
}
