/** The profile folder: its lock, `keys.json`, the store and the attachments (docs/protocol/store.md). */

import { join } from 'node:path'
import { unwrapKey, wrapKey } from '../crypto/index.ts'
import type { Crypto } from '../crypto/index.ts'
import type { Clock, Keychain } from '../ports/runtime.ts'
import type { BlobFiles, Profile, ProfileState } from '../ports/store/profile.ts'
import type { Store } from '../ports/store/store.ts'
import { ParleyError, isParleyError } from '../../shared/errors.ts'
import { attachmentsFolder, createBlobFiles } from './blob-files.ts'
import { STORE_KEY_BYTES, openDatabase } from './database.ts'
import { decodeKeysFile, encodeKeysFile } from './keys-file.ts'
import type { KeyLock, KeysFile } from './keys-file.ts'
import { PASSPHRASE_COST, SALT_BYTES, passphraseKey } from './passphrase-key.ts'
import {
  isThere,
  makePrivateFile,
  makePrivateFolder,
  readFileIfThere,
  removeFile,
  replaceFile,
  syncFolder,
} from './private-file.ts'
import { lockProfile } from './profile-lock.ts'
import { createStore } from './store.ts'

export interface ProfileOptions {
  /** Made when it is not there. */
  readonly profileDir: string
  readonly keychain: Keychain
  /** Where the SQLite add-on lies when it is not the packaged one. */
  readonly sqliteBinding: string | null
  readonly crypto: Crypto
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Touches nothing until the first call on it; from then on this process has the profile until `close`. */
export function openProfile(options: ProfileOptions): Profile {
  return new ProfileFolder(options)
}

interface OpenStore {
  readonly store: Store
  readonly key: Uint8Array
}

class ProfileFolder implements Profile {
  readonly blobs: BlobFiles
  readonly #options: ProfileOptions
  readonly #crypto: Crypto
  readonly #storePath: string
  readonly #keysPath: string
  #unlock: (() => void) | null = null
  #keys: KeysFile | null = null
  #open: OpenStore | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ProfileOptions) {
    this.#options = options
    this.#crypto = options.crypto
    this.#storePath = join(options.profileDir, 'store.db')
    this.#keysPath = join(options.profileDir, 'keys.json')
    this.blobs = createBlobFiles(attachmentsFolder(options.profileDir))
  }

  get passphraseSet(): boolean {
    return this.#keys?.lock.kind === 'passphrase'
  }

  state(): Promise<ProfileState> {
    return this.#inTurn(async () => {
      const keys = this.#readKeys()
      return { kind: keys === null ? 'empty' : keys.lock.kind }
    })
  }

  create(lock: { readonly passphrase: string | null; readonly recoveryKey: Uint8Array }): Promise<Store> {
    return this.#inTurn(async () => {
      if (this.#readKeys() !== null) throw new ParleyError('account-exists')
      const key = this.#crypto.random(STORE_KEY_BYTES)
      const keys: KeysFile = {
        finished: false,
        lock: await this.#makeLock(key, lock.passphrase),
        recovery: wrapKey(this.#crypto, lock.recoveryKey, key),
      }
      this.#discardUnfinished()
      // From here on a store without keys is a damaged profile; one with unfinished keys counts as empty.
      this.#writeKeys(keys)
      makePrivateFile(this.#storePath)
      return this.#openStore(keys, key, 'new')
    })
  }

  openWithKeychain(): Promise<Store> {
    return this.#inTurn(async () => {
      const keys = this.#needKeys()
      if (keys.lock.kind === 'passphrase') throw new ParleyError('passphrase-needed')
      const sealing = await this.#options.keychain.open(keys.lock.sealed)
      const key = sealing === null ? null : this.#unwrap(sealing, keys.lock.wrapped)
      if (key === null) throw new ParleyError('recovery-needed')
      return this.#openStore(keys, key, 'existing')
    })
  }

  openWithPassphrase(passphrase: string): Promise<Store> {
    return this.#inTurn(async () => {
      const keys = this.#needKeys()
      return this.#openStore(keys, await this.#keyBehindPassphrase(keys.lock, passphrase), 'existing')
    })
  }

  openWithRecoveryKey(recoveryKey: Uint8Array, passphrase: string | null): Promise<Store> {
    return this.#inTurn(async () => {
      const keys = this.#needKeys()
      const key = this.#unwrap(recoveryKey, keys.recovery)
      if (key === null) throw new ParleyError('recovery-wrong')
      const lock = await this.#makeLock(key, passphrase)
      const store = this.#openStore(keys, key, 'existing')
      try {
        this.#writeKeys({ ...keys, lock })
      } catch (error) {
        this.#closeStore()
        throw error
      }
      return store
    })
  }

  setPassphrase(current: string | null, next: string | null): Promise<void> {
    return this.#inTurn(async () => {
      const keys = this.#needKeys()
      if (this.#open === null) throw new ParleyError('not-ready', 'profile')
      if (keys.lock.kind === 'passphrase') await this.#keyBehindPassphrase(keys.lock, current ?? '')
      this.#writeKeys({ ...keys, lock: await this.#makeLock(this.#open.key, next) })
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closeStore()
      this.#keys = null
      this.#unlock?.()
      this.#unlock = null
    })
  }

  /** One call after the other: two unlocks at once would open the store twice. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Null: nothing is here yet. @throws profile-open | store-newer | store-damaged */
  #readKeys(): KeysFile | null {
    this.#takeProfile()
    const bytes = readFileIfThere(this.#keysPath)
    if (bytes === null) {
      // Never starts an empty profile over one whose keys got lost.
      if (isThere(this.#storePath)) throw new ParleyError('store-damaged', 'keys.json is missing')
      return null
    }
    const keys = decodeKeysFile(bytes)
    if (!keys.finished) return null
    this.#keys = keys
    return keys
  }

  /** @throws not-found while the profile is empty */
  #needKeys(): KeysFile {
    const keys = this.#readKeys()
    if (keys === null) throw new ParleyError('not-found', 'profile')
    return keys
  }

  #takeProfile(): void {
    if (this.#unlock !== null) return
    const { profileDir, sqliteBinding } = this.#options
    makePrivateFolder(profileDir)
    this.#unlock = lockProfile(join(profileDir, 'profile.lock'), sqliteBinding)
  }

  #writeKeys(keys: KeysFile): void {
    replaceFile(this.#keysPath, encodeKeysFile(keys))
    this.#keys = keys
  }

  /** @throws passphrase-needed where there is neither a passphrase nor a keychain */
  async #makeLock(key: Uint8Array, passphrase: string | null): Promise<KeyLock> {
    const { keychain } = this.#options
    if (passphrase === null) {
      if (!keychain.available) throw new ParleyError('passphrase-needed')
      const sealing = this.#crypto.random(STORE_KEY_BYTES)
      return { kind: 'keychain', sealed: await keychain.seal(sealing), wrapped: wrapKey(this.#crypto, sealing, key) }
    }
    if (passphrase === '') throw new ParleyError('passphrase-needed')
    const parameters = { ...PASSPHRASE_COST, salt: this.#crypto.random(SALT_BYTES) }
    const wrapped = wrapKey(this.#crypto, await passphraseKey(passphrase, parameters), key)
    return { kind: 'passphrase', parameters, wrapped }
  }

  /** @throws passphrase-wrong */
  async #keyBehindPassphrase(lock: KeyLock, passphrase: string): Promise<Uint8Array> {
    if (lock.kind === 'keychain') throw new ParleyError('passphrase-wrong', 'none is set')
    const key = this.#unwrap(await passphraseKey(passphrase, lock.parameters), lock.wrapped)
    if (key === null) throw new ParleyError('passphrase-wrong')
    return key
  }

  /** Null: wrapped under another key, or altered. */
  #unwrap(wrapping: Uint8Array, wrapped: Uint8Array): Uint8Array | null {
    try {
      return unwrapKey(this.#crypto, wrapping, wrapped)
    } catch (error) {
      if (isParleyError(error, 'cannot-decrypt')) return null
      throw error
    }
  }

  /** Only ever called when the keys are missing or say that no account was made. */
  #discardUnfinished(): void {
    this.#closeStore()
    for (const suffix of ['', '-wal', '-shm', '-journal']) removeFile(`${this.#storePath}${suffix}`)
  }

  #openStore(keys: KeysFile, key: Uint8Array, mode: 'new' | 'existing'): Store {
    if (this.#open !== null) return this.#open.store
    const { profileDir, sqliteBinding, clock } = this.#options
    if (!isThere(this.#storePath)) throw new ParleyError('store-damaged', 'store.db is missing')
    const database = openDatabase({ path: this.#storePath, key, nativeBinding: sqliteBinding, mode })
    syncFolder(profileDir)
    const store = createStore(database, {
      clock,
      onAccountMade: () => {
        this.#writeKeys({ ...(this.#keys ?? keys), finished: true })
      },
    })
    this.#open = { store, key }
    return store
  }

  #closeStore(): void {
    this.#open?.store.close()
    this.#open = null
  }
}
