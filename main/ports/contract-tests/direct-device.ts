/** A device for tests of direct delivery: a port, what it was told, and ways to wait for it without sleeping. */

import { createHash } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { systemClock } from '../../runtime/system-clock.ts'
import type { BlobDownload } from '../relay.ts'
import type { DirectHandlers, DirectLink, DirectPort, DirectSettings, InviteAnswer } from '../direct.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { toBase64Url } from '../../../shared/wire/bytes.ts'

export const WAIT_MS = 10_000

export class TestDevice {
  readonly port: DirectPort
  readonly seed: Uint8Array
  readonly peerKey: Uint8Array
  readonly received: Uint8Array[] = []
  readonly ephemeral: Uint8Array[] = []
  readonly links: DirectLink[] = []
  readonly closedLinks: DirectLink[] = []
  readonly blobs = new Map<string, Uint8Array>()
  blobBytesRead = 0
  acceptsStrangers = false
  /** What becomes of an envelope; the default keeps it. */
  store: (envelope: Uint8Array) => Promise<'committed' | 'refused'> = () => Promise.resolve('committed')
  invite: InviteAnswer = { kind: 'unknown' }
  readonly #allowed = new Set<string>()
  readonly #watchers = new Set<() => void>()

  constructor(port: DirectPort, name: string) {
    this.port = port
    this.seed = new Uint8Array(createHash('sha256').update(name).digest())
    this.peerKey = ed25519.getPublicKey(this.seed)
  }

  async start(settings: DirectSettings): Promise<void> {
    await this.port.start(this.seed, settings, this.#handlers)
  }

  allow(other: TestDevice): void {
    this.#allowed.add(toBase64Url(other.peerKey))
  }

  forbid(other: TestDevice): void {
    this.#allowed.delete(toBase64Url(other.peerKey))
  }

  connect(other: TestDevice, signal: AbortSignal = AbortSignal.timeout(WAIT_MS)): Promise<DirectLink> {
    return this.port.connect(other.peerKey, other.port.addresses(), signal)
  }

  /** The link to send on to another device, as the port has told. */
  linkTo(other: TestDevice): DirectLink | null {
    const key = toBase64Url(other.peerKey)
    return this.links.filter((link) => toBase64Url(link.peerKey) === key && !link.closed).at(-1) ?? null
  }

  /** Waits until the port has told what makes this true. */
  until(condition: () => boolean, what = 'what was awaited'): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return
        this.#watchers.delete(check)
        cancel()
        resolve()
      }
      const cancel = systemClock.after(WAIT_MS, () => {
        this.#watchers.delete(check)
        reject(new Error(`never came: ${what}`))
      })
      this.#watchers.add(check)
    })
  }

  #told(): void {
    for (const check of [...this.#watchers]) check()
  }

  readonly #handlers: DirectHandlers = {
    isAllowed: (peerKey) => this.#allowed.has(toBase64Url(peerKey)),
    acceptsStrangers: () => this.acceptsStrangers,
    onLink: (link) => {
      this.links.push(link)
      this.#told()
    },
    onLinkClosed: (link) => {
      this.closedLinks.push(link)
      this.#told()
    },
    onEnvelope: (_link, envelope) => {
      this.received.push(envelope)
      const stored = this.store(envelope)
      this.#told()
      return stored
    },
    onEphemeral: (_link, envelope) => {
      this.ephemeral.push(envelope)
      this.#told()
    },
    openBlob: (blobId, readCapability, offset) => Promise.resolve(this.#openBlob(blobId, readCapability, offset)),
    takeInvite: () => Promise.resolve(this.invite),
    onAddressesChanged: () => {
      this.#told()
    },
  }

  #openBlob(blobId: BlobId, readCapability: Uint8Array, offset: number): BlobDownload | null {
    const found = this.blobs.get(`${blobId} ${toBase64Url(readCapability)}`)
    if (found === undefined) return null
    const bytes = found
    const told = (count: number): void => {
      this.blobBytesRead += count
      this.#told()
    }
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = offset; at < bytes.length; at += 65_536) {
        const chunk = bytes.subarray(at, at + 65_536)
        told(chunk.length)
        yield await Promise.resolve(chunk)
      }
    }
    return { totalBytes: bytes.length, chunks: chunks() }
  }
}

export function acquaint(...devices: readonly TestDevice[]): void {
  for (const device of devices) for (const other of devices) if (other !== device) device.allow(other)
}
