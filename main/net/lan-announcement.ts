/**
 * Finding contacts on the same network without telling the network who is there: a port and 8-byte tags of the day, no PeerId,
 * no name (docs/protocol/direct.md, "LAN announcement").
 */

import { createHmac, randomBytes } from 'node:crypto'
import multicastDns from 'multicast-dns'
import type { MulticastDNS } from 'multicast-dns'

const SERVICE = '_parley._udp.local'
const TAG_LABEL = 'parley/v1/lan-tag'
const TAG_BYTES = 8
const TAGS_STEP = 16
const DAY_MS = 24 * 60 * 60 * 1000
const ANNOUNCE_TTL_SECONDS = 120

export interface LanContact {
  readonly secret: Uint8Array
  readonly peerKeys: readonly Uint8Array[]
}

export interface LanOptions {
  readonly enabled: boolean
  readonly ports: () => { readonly tcp: number; readonly quic: number }
  readonly onFound: (peerKey: Uint8Array, addresses: readonly string[]) => void
  readonly now: () => number
  /** Tests bring their own; the default speaks on the machine's interfaces. */
  readonly makeMulticast?: () => MulticastDNS
}

export function lanTag(secret: Uint8Array, day: number): string {
  const dayBytes = Buffer.alloc(4)
  dayBytes.writeUInt32BE(day)
  return createHmac('sha256', secret).update(TAG_LABEL).update(dayBytes).digest().subarray(0, TAG_BYTES).toString('hex')
}

export class LanAnnouncement {
  readonly #options: LanOptions
  #multicast: MulticastDNS | null = null
  #contacts: readonly LanContact[] = []
  readonly #found = new Map<string, readonly string[]>()

  constructor(options: LanOptions) {
    this.#options = options
    if (options.enabled) this.#start()
  }

  /** A machine without multicast does without: nothing here is needed to deliver. */
  #start(): void {
    try {
      const multicast = (this.#options.makeMulticast ?? (() => multicastDns({ loopback: true })))()
      multicast.on('error', () => {
        this.stop()
      })
      multicast.on('warning', () => undefined)
      multicast.on('query', (packet) => {
        if (packet.questions?.some((question) => question.name === SERVICE)) this.#announce()
      })
      multicast.on('response', (packet, remote) => {
        for (const answer of packet.answers ?? []) {
          if (answer.type === 'TXT' && answer.name === SERVICE) this.#onAnnouncement(answer.data, remote.address)
        }
      })
      this.#multicast = multicast
    } catch {
      this.#multicast = null
    }
  }

  setContacts(contacts: readonly LanContact[]): void {
    this.#contacts = contacts
    this.refresh()
  }

  refresh(): void {
    this.#announce()
    this.#multicast?.query({ questions: [{ name: SERVICE, type: 'TXT' }] }, ignore)
  }

  addressesOf(peerKey: Uint8Array): readonly string[] {
    return this.#found.get(Buffer.from(peerKey).toString('hex')) ?? []
  }

  #day(): number {
    return Math.floor(this.#options.now() / DAY_MS)
  }

  /** Tags in random order, filled up with random ones, so that their number says little. */
  #announce(): void {
    if (this.#multicast === null || this.#contacts.length === 0) return
    const { tcp, quic } = this.#options.ports()
    if (tcp === 0 && quic === 0) return
    const tags = this.#contacts.map(({ secret }) => lanTag(secret, this.#day()))
    while (tags.length % TAGS_STEP !== 0) tags.push(randomBytes(TAG_BYTES).toString('hex'))
    tags.sort()
    const data = ['v=1', `t=${tcp}`, `q=${quic}`, ...tags]
    this.#multicast.respond({ answers: [{ name: SERVICE, type: 'TXT', ttl: ANNOUNCE_TTL_SECONDS, data }] }, ignore)
  }

  #onAnnouncement(data: unknown, host: string): void {
    const texts = (Array.isArray(data) ? data : [data]).map(String)
    if (!texts.includes('v=1') || !/^\d+\.\d+\.\d+\.\d+$/.test(host)) return
    const portIn = (name: string): number => Number(texts.find((text) => text.startsWith(`${name}=`))?.slice(2) ?? 0)
    const [tcp, quic] = [portIn('t'), portIn('q')]
    const addresses = [
      ...(quic > 0 && quic < 65_536 ? [`/ip4/${host}/udp/${quic}/quic-v1`] : []),
      ...(tcp > 0 && tcp < 65_536 ? [`/ip4/${host}/tcp/${tcp}`] : []),
    ]
    const heard = new Set(texts)
    for (const contact of this.#contacts) {
      if (!heard.has(lanTag(contact.secret, this.#day()))) continue
      for (const peerKey of contact.peerKeys) this.#note(peerKey, addresses)
    }
  }

  #note(peerKey: Uint8Array, addresses: readonly string[]): void {
    const name = Buffer.from(peerKey).toString('hex')
    const known = this.#found.get(name)?.join(' ') === addresses.join(' ')
    this.#found.set(name, addresses)
    if (!known) this.#options.onFound(peerKey, addresses)
  }

  stop(): void {
    this.#multicast?.destroy()
    this.#multicast = null
  }
}

function ignore(): void {
  // A network that carries no multicast is no failure.
}
