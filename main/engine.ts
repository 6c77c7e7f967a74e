/**
 * The engine: composition root of the back half. Knows neither Electron nor a socket's library; whoever starts it
 * (a utility process, the headless node, a test) brings the machine around it.
 */

import { decodeRecoveryKey, encodeRecoveryKey, generateRecoveryKey } from './crypto/index.ts'
import type { Crypto } from './crypto/index.ts'
import type { Commands } from './features/feature.ts'
import { Router } from './ipc/router.ts'
import { buildNode } from './node.ts'
import type { NodeParts, RunningNode } from './node.ts'
import type { Profile, ProfileState } from './ports/store/profile.ts'
import type { Store } from './ports/store/store.ts'
import { makeAccount } from './services/identity.ts'
import { readRecoveryFile, recoveryFile, restoreAccount } from './services/recovery.ts'
import { readWhole, writeWhole } from './services/whole-file.ts'
import type {
  AppState,
  CommandInput,
  CommandReply,
  EngineEventMessage,
  EngineEvents,
  EventName,
} from '../shared/ipc/engine-contract.ts'
import { isParleyError, ParleyError } from '../shared/errors.ts'
import type { AboutView } from '../shared/model/chat.ts'
import { DEFAULT_SETTINGS } from '../shared/model/settings.ts'

const MAX_RECOVERY_FILE_BYTES = 64 * 1024 * 1024

export interface EngineParts extends Omit<NodeParts, 'store' | 'emit' | 'profile' | 'relays' | 'direct' | 'cipher'> {
  readonly profile: Profile
  readonly keychainAvailable: boolean
  readonly appVersion: string
  /** Electron or Node, with its version. */
  readonly runtime: string
  /** Adapters are made anew for each run of the node. */
  readonly makeRelays: () => NodeParts['relays']
  readonly makeDirect: () => NodeParts['direct']
  readonly makeCipher: () => NodeParts['cipher']
}

export class Engine {
  readonly #parts: EngineParts
  readonly #crypto: Crypto
  readonly #router: Router
  readonly #listeners = new Set<(event: EngineEventMessage) => void>()
  #phase: Exclude<AppState['phase'], 'ready'> | 'ready' = 'starting'
  #failure: ParleyError | null = null
  #node: RunningNode | null = null

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.#crypto = parts.crypto
    this.#router = new Router({ commands: () => this.#commands() })
  }

  onEvent(listener: (event: EngineEventMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  handle(message: unknown): Promise<CommandReply | null> {
    return this.#router.handle(message)
  }

  get node(): RunningNode | null {
    return this.#node
  }

  /** Looks at the profile and opens it where that needs nobody. Never rejects for what is expected. */
  async start(): Promise<void> {
    try {
      await this.#open(await this.#parts.profile.state())
    } catch (error) {
      if (!isParleyError(error)) throw error
      this.#fail(error)
    }
  }

  async #open(state: ProfileState): Promise<void> {
    switch (state.kind) {
      case 'empty':
        this.#setPhase('new')
        return
      case 'passphrase':
        this.#setPhase('locked')
        return
      case 'keychain':
        try {
          await this.#run(await this.#parts.profile.openWithKeychain())
        } catch (error) {
          if (!isParleyError(error, 'recovery-needed')) throw error
          this.#setPhase('recovery')
        }
    }
  }

  #fail(error: ParleyError): void {
    this.#failure = error
    this.#parts.log.warn('profile-not-opened', { code: error.code })
    this.#setPhase('failed')
  }

  #setPhase(phase: AppState['phase']): void {
    this.#phase = phase
    this.#emit('app.changed', this.state())
  }

  readonly #emit = <Name extends EventName>(event: Name, payload: EngineEvents[Name]): void => {
    // One event's name and payload belong together; the mapped union does not let the compiler see it here.
    const message = { event, payload } as EngineEventMessage
    for (const listener of this.#listeners) listener(message)
  }

  state(): AppState {
    const keychain = this.#parts.keychainAvailable
    switch (this.#phase) {
      case 'starting':
      case 'locked':
        return { phase: this.#phase }
      case 'new':
      case 'recovery':
        return { phase: this.#phase, keychain }
      case 'failed':
        return { phase: 'failed', code: this.#failure?.code ?? 'store-damaged', detail: this.#failure?.detail ?? '' }
      case 'ready':
        return this.#readyState()
    }
  }

  #about(): AboutView {
    const { appVersion, runtime, crypto } = this.#parts
    return { version: appVersion, runtime, crypto: crypto.backend.names }
  }

  #readyState(): AppState {
    const node = this.#running()
    return {
      phase: 'ready',
      account: node.views.account(),
      settings: node.core.store.settings.get(),
      network: node.network.view(),
      keychain: this.#parts.keychainAvailable,
      passphraseSet: this.#parts.profile.passphraseSet,
    }
  }

  #running(): RunningNode {
    if (this.#node === null) throw new ParleyError('not-ready', this.#phase)
    return this.#node
  }

  async #run(store: Store): Promise<void> {
    if (store.account.get() === null) {
      this.#setPhase('new')
      return
    }
    const node = buildNode({
      ...this.#parts,
      store,
      emit: this.#emit,
      relays: this.#parts.makeRelays(),
      direct: this.#parts.makeDirect(),
      cipher: this.#parts.makeCipher(),
    })
    this.#node = node
    await node.start()
    this.#parts.desktop.settingsChanged(store.settings.get())
    this.#setPhase('ready')
  }

  #commands(): Commands {
    const always: Commands = { 'app.state': () => this.state(), 'app.about': () => this.#about() }
    switch (this.#phase) {
      case 'starting':
      case 'failed':
        return always
      case 'new':
        return { ...always, ...this.#newCommands() }
      case 'locked':
        return { ...always, 'account.unlock': ({ passphrase }) => this.#unlock(passphrase) }
      case 'recovery':
        return { ...always, 'account.recover': (input) => this.#recover(input) }
      case 'ready':
        return { ...always, ...this.#running().commands, ...this.#accountCommands() }
    }
  }

  #newCommands(): Commands {
    return {
      'account.create': async ({ name, passphrase }) => {
        const recoveryKey = generateRecoveryKey(this.#crypto)
        const store = await this.#freshStore(recoveryKey, passphrase ?? null)
        store.transaction(() => {
          store.settings.put(DEFAULT_SETTINGS)
          store.account.put(makeAccount(this.#crypto, { name, recoveryKey, nowMs: this.#parts.clock.nowMs() }))
        })
        await this.#run(store)
        return this.state()
      },
      'account.restore': (input) => this.#restore(input),
    }
  }

  async #freshStore(recoveryKey: Uint8Array, passphrase: string | null): Promise<Store> {
    if (passphrase === null && !this.#parts.keychainAvailable) throw new ParleyError('passphrase-needed')
    return this.#parts.profile.create({ passphrase, recoveryKey })
  }

  async #restore({ grant, recoveryKey, passphrase }: CommandInput<'account.restore'>): Promise<AppState> {
    const key = recoveryKeyFrom(this.#crypto, recoveryKey)
    const file = await readWhole(this.#parts.grants.redeem(grant, 'read').path, MAX_RECOVERY_FILE_BYTES)
    const recovery = readRecoveryFile(this.#crypto, key, file)
    const store = await this.#freshStore(key, passphrase ?? null)
    store.transaction(() => {
      store.settings.put(DEFAULT_SETTINGS)
      restoreAccount(this.#crypto, store, { recovery, recoveryKey: key, nowMs: this.#parts.clock.nowMs() })
    })
    await this.#run(store)
    this.#running().announce()
    return this.state()
  }

  async #unlock(passphrase: string): Promise<AppState> {
    await this.#run(await this.#parts.profile.openWithPassphrase(passphrase))
    return this.state()
  }

  async #recover({ recoveryKey, passphrase }: CommandInput<'account.recover'>): Promise<AppState> {
    const key = recoveryKeyFrom(this.#crypto, recoveryKey)
    await this.#run(await this.#parts.profile.openWithRecoveryKey(key, passphrase ?? null))
    return this.state()
  }

  #accountCommands(): Commands {
    const { core } = this.#running()
    const account = () => {
      const record = core.store.account.get()
      if (record === null) throw new ParleyError('not-ready', 'no account')
      return record
    }
    return {
      'account.set-passphrase': async ({ current, next }) => {
        await this.#parts.profile.setPassphrase(current ?? null, next)
        this.#emit('app.changed', this.state())
        return null
      },
      'account.recovery-key': () => encodeRecoveryKey(this.#crypto, account().recoveryKey),
      'account.save-recovery-file': async ({ grant }) => {
        const { path } = this.#parts.grants.redeem(grant, 'write')
        await writeWhole(path, recoveryFile(this.#crypto, core.store))
        core.store.transaction(() => {
          core.store.account.update({ recoverySaved: true })
        })
        this.#emit('app.changed', this.#readyState())
        return null
      },
    }
  }

  networkHint(online: boolean): void {
    this.#node?.networkHint(online)
  }

  /** Nothing is lost when this is never called; it only leaves the network politely. */
  async stop(): Promise<void> {
    await this.#node?.stop()
    await this.#parts.profile.close()
  }
}

/** @throws recovery-wrong: what was typed is no recovery key */
function recoveryKeyFrom(crypto: Crypto, text: string): Uint8Array {
  try {
    return decodeRecoveryKey(crypto, text)
  } catch (cause) {
    if (!isParleyError(cause)) throw cause
    throw new ParleyError('recovery-wrong', 'not a recovery key', { cause })
  }
}
