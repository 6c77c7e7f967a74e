import { safeStorage } from 'electron'
import type { EngineToHost, HostToEngine } from '../../shared/ipc/engine-host.ts'

/** On Linux without a keyring Electron falls back to a fixed password: that protects nothing, so it is none. */
export const keychainAvailable = (): boolean => {
  if (!safeStorage.isEncryptionAvailable()) return false
  if (process.platform !== 'linux') return true
  const backend = safeStorage.getSelectedStorageBackend()
  return backend !== 'basic_text' && backend !== 'unknown'
}

const orNull = (work: () => Uint8Array): Uint8Array | null => {
  try {
    return keychainAvailable() ? work() : null
  } catch {
    // locked, refused by the person, or sealed under another entry: all one to the engine
    return null
  }
}

const seal = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(safeStorage.encryptString(Buffer.from(bytes).toString('base64')))

const open = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.from(safeStorage.decryptString(Buffer.from(bytes)), 'base64'))

export const answerKeychain = (
  message: Extract<EngineToHost, { type: 'keychain-seal' | 'keychain-open' }>,
): HostToEngine => ({
  type: 'keychain-reply',
  requestId: message.requestId,
  bytes: orNull(() => (message.type === 'keychain-seal' ? seal(message.bytes) : open(message.bytes))),
})
