/** The engine with its real adapters: encrypted store, libp2p, relays. Shared by the desktop and the headless node. */

import { createCrypto, selectBackend } from '../crypto/index.ts'
import { Engine } from '../engine.ts'
import { createDirectTransport } from '../net/direct-transport.ts'
import { createRelayClient } from '../net/relay-client/index.ts'
import type { Desktop, FileGrants, Keychain, Logger } from '../ports/runtime.ts'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { createWorkerCipher } from '../storage/attachment-cipher/worker-cipher.ts'
import { attachmentsFolder } from '../storage/blob-files.ts'
import { openProfile } from '../storage/profile.ts'
import { attachmentWorkerProgram } from './attachment-worker-program.ts'
import { ATTENTION_TEXTS } from './attention-texts.ts'
import { systemClock } from './system-clock.ts'

export interface Surroundings {
  readonly profileDir: string
  readonly appVersion: string
  readonly sqliteBinding: string | null
  readonly keychain: Keychain
  readonly desktop: Desktop
  readonly grants: FileGrants
  readonly log: Logger
  /** Tests and the demo narrow these; the default is everything. */
  readonly transports?: readonly DirectTransport[]
  readonly listen?: readonly string[]
  readonly resendAfterMs?: number
}

export const ALL_TRANSPORTS: readonly DirectTransport[] = ['quic', 'tcp', 'websocket', 'webrtc', 'circuit']
export const LISTEN_EVERYWHERE: readonly string[] = [
  '/ip4/0.0.0.0/udp/0/quic-v1',
  '/ip4/0.0.0.0/tcp/0',
  '/ip6/::/udp/0/quic-v1',
  '/ip6/::/tcp/0',
]

export async function assembleEngine(around: Surroundings): Promise<Engine> {
  const crypto = createCrypto(await selectBackend())
  const profile = openProfile({
    profileDir: around.profileDir,
    keychain: around.keychain,
    sqliteBinding: around.sqliteBinding,
    crypto,
    clock: systemClock,
  })
  return new Engine({
    profile,
    crypto,
    appVersion: around.appVersion,
    runtime: runtimeName(),
    clock: systemClock,
    log: around.log,
    desktop: around.desktop,
    grants: around.grants,
    keychainAvailable: around.keychain.available,
    makeRelays: () => createRelayClient({ clock: systemClock }),
    makeDirect: () => createDirectTransport({ clock: systemClock }),
    makeCipher: () =>
      createWorkerCipher({
        crypto,
        folder: attachmentsFolder(around.profileDir),
        program: attachmentWorkerProgram(),
        clock: systemClock,
        log: around.log,
      }),
    directDefaults: {
      transports: around.transports ?? ALL_TRANSPORTS,
      listen: around.listen ?? LISTEN_EVERYWHERE,
    },
    texts: ATTENTION_TEXTS,
    ...(around.resendAfterMs === undefined ? {} : { resendAfterMs: around.resendAfterMs }),
  })
}

/** What this process runs in, as a person would name it. */
function runtimeName(): string {
  const { electron, node } = process.versions
  return electron === undefined ? `Node ${node}` : `Electron ${electron}, Node ${node}`
}
