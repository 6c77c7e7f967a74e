/**
 * Finding contacts on the same network without telling the network who is there: ports and 8-byte tags of the day, no
 * PeerId, no name (docs/protocol/direct.md, "LAN announcement").
 */

import { createHmac, randomBytes } from 'node:crypto'
import multicastDns from 'multicast-dns'
import type { MulticastDNS } from 'multicast-dns'
import type { Clock } from '../ports/runtime.ts'
import { ByteWriter, toBase64Url } from '../../shared/wire/bytes.ts'

export const LAN_SERVICE = '_parley._udp.local'
const TAG_LABEL = new TextEncoder().encode('parley/v1/lan-tag')
const TAG_BYTES = 8
/** Tags a TXT string holds; their number is padded to a multiple of it. */
const TAGS_A_STRING = 16
/** What fits into one packet on an Ethernet with the rest; of more contacts a random part each time. */
const MAX_TAGS = 128
const DAY_MS = 24 * 60 * 60 * 1000
const TTL_SECONDS = 120
const ANNOUNCE_EVERY_MS = 60_000
/** Between two answers to whoever asks. */
const ANSWER_NOT_BEFORE_MS = 1_000
const DIAL_AGAIN_AFTER_MS = 30_000

export interface LanContact {
  /** 32 bytes, the same at both. */
  readonly secret: Uint8Array
  readonly peerKeys: readonly Uint8Array[]
}

export interface LanParts {
  readonly clock: Clock
  readonly random: () => number
  /** Own listening addresses: their ports are announced. */
  readonly addresses: () => readonly string[]
  readonly onFound: (peerKey: Uint8Array, addresses: readonly string[]) => void
  readonly makeMulticast?: () => MulticastDNS
}

/** The tag of one contact on one day since the epoch. */
export function lanTag(secret: Uint8Array, day: number): Uint8Array {
  const input = new ByteWriter(32).raw(TAG_LABEL).u32(day).finish()
  return createHmac('sha256', secret).update(input).digest().subarray(0, TAG_BYTES)
}

export interface Announcement {
  readonly tcpPort: number
  readonly quicPort: number
  readonly tags: readonly Uint8Array[]
}

/** Tags in the order given; the caller mixes and pads them. */
export function encodeAnnouncement({ tcpPort, quicPort, tags }: Announcement): Buffer[] {
  const strings = [Buffer.from('v=1'), Buffer.from(`t=${tcpPort}`), Buffer.from(`q=${quicPort}`)]
  for (let at = 0; at < tags.length; at += TAGS_A_STRING) {
    strings.push(Buffer.concat([Buffer.from('g='), ...tags.slice(at, at + TAGS_A_STRING)]))
  }
  return strings
}

/** Null: not an announcement of this version. Never throws. */
export function decodeAnnouncement(data: unknown): Announcement | null {
  const strings = (Array.isArray(data) ? data : [data]).filter((item) => item instanceof Uint8Array)
  const texts = strings.map((bytes) => Buffer.from(bytes).toString('latin1'))
  if (!texts.includes('v=1') || texts.length > 64) return null
  const port = (name: string): number => {
    const value = Number(texts.find((text) => text.startsWith(`${name}=`))?.slice(2) ?? 0)
    return Number.isInteger(value) && value > 0 && value < 65_536 ? value : 0
  }
  const tags = texts
    .filter((text) => text.startsWith('g=') && (text.length - 2) % TAG_BYTES === 0)
    .flatMap((text) => {
      const bytes = Buffer.from(text.slice(2), 'latin1')
      return Array.from({ length: bytes.length / TAG_BYTES }, (_, index) =>
        bytes.subarray(index * TAG_BYTES, (index + 1) * TAG_BYTES),
      )
    })
  return { tcpPort: port('t'), quicPort: port('q'), tags: tags.slice(0, MAX_TAGS) }
}

export class LanAnnouncement {
  readonly #parts: LanParts
  readonly #found = new Map<string, { readonly addresses: readonly string[]; readonly atMs: number }>()
  #multicast: MulticastDNS | null = null
  #contacts: readonly LanContact[] = []
  #cancelNext: (() => void) | null = null
  #announcedAtMs = -Infinity
  #announced = ''

  constructor(parts: LanParts) {
    this.#parts = parts
    this.#open()
    this.#repeat()
  }

  /** A machine without multicast does without: nothing here is needed to deliver. */
  #open(): void {
    try {
      const multicast = (this.#parts.makeMulticast ?? multicastDns)()
      multicast.on('error', () => {
        this.stop()
      })
      multicast.on('warning', () => undefined)
      multicast.on('query', (packet) => {
        if (packet.questions?.some((question) => question.name === LAN_SERVICE)) this.#answer()
      })
      multicast.on('response', (packet, remote) => {
        for (const answer of packet.answers ?? []) {
          if (answer.type === 'TXT' && answer.name === LAN_SERVICE) this.#onAnnouncement(answer.data, remote.address)
        }
      })
      this.#multicast = multicast
    } catch {
      this.#multicast = null
    }
  }

  #repeat(): void {
    this.#cancelNext = this.#parts.clock.after(ANNOUNCE_EVERY_MS * (0.8 + 0.4 * this.#parts.random()), () => {
      this.refresh()
      this.#repeat()
    })
  }

  setContacts(contacts: readonly LanContact[]): void {
    this.#contacts = contacts
    this.refresh()
  }

  /** Says who is here, and asks who else is. */
  refresh(): void {
    this.#announce()
    if (this.#contacts.length > 0) this.#multicast?.query({ questions: [{ name: LAN_SERVICE, type: 'TXT' }] }, ignore)
  }

  addressesOf(peerKey: Uint8Array): readonly string[] {
    return this.#found.get(toBase64Url(peerKey))?.addresses ?? []
  }

  stop(): void {
    this.#cancelNext?.()
    this.#cancelNext = null
    const multicast = this.#multicast
    this.#multicast = null
    multicast?.destroy()
  }

  #answer(): void {
    if (this.#parts.clock.monotonicMs() - this.#announcedAtMs < ANSWER_NOT_BEFORE_MS) return
    this.#announce()
  }

  #announce(): void {
    const { tcpPort, quicPort } = portsOf(this.#parts.addresses())
    if (this.#multicast === null || this.#contacts.length === 0 || tcpPort + quicPort === 0) return
    this.#announcedAtMs = this.#parts.clock.monotonicMs()
    const day = this.#day()
    const own = this.#mixed(this.#contacts.map(({ secret }) => lanTag(secret, day))).slice(0, MAX_TAGS)
    const missing = (TAGS_A_STRING - (own.length % TAGS_A_STRING)) % TAGS_A_STRING
    // their number and order say nothing about the contacts
    const tags = this.#mixed([...own, ...Array.from({ length: missing }, () => randomBytes(TAG_BYTES))])
    this.#announced = nameOf(tags)
    const data = encodeAnnouncement({ tcpPort, quicPort, tags })
    this.#multicast.respond({ answers: [{ name: LAN_SERVICE, type: 'TXT', ttl: TTL_SECONDS, data }] }, ignore)
  }

  #mixed(tags: readonly Uint8Array[]): readonly Uint8Array[] {
    return tags
      .map((tag) => ({ tag, place: this.#parts.random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ tag }) => tag)
  }

  #day(): number {
    return Math.floor(this.#parts.clock.nowMs() / DAY_MS)
  }

  #onAnnouncement(data: unknown, host: string): void {
    const announcement = decodeAnnouncement(data)
    if (announcement === null || !/^\d+\.\d+\.\d+\.\d+$/.test(host)) return
    const { tcpPort, quicPort, tags } = announcement
    // a pair's tag is the same on both sides, and multicast comes back to its sender
    if (nameOf(tags) === this.#announced) return
    const addresses = [
      ...(quicPort > 0 ? [`/ip4/${host}/udp/${quicPort}/quic-v1`] : []),
      ...(tcpPort > 0 ? [`/ip4/${host}/tcp/${tcpPort}`] : []),
    ]
    const heard = new Set(tags.map(toBase64Url))
    const today = this.#day()
    for (const { secret, peerKeys } of this.#contacts) {
      // two clocks may be on two sides of midnight
      const known = [today, today - 1, today + 1].some((day) => heard.has(toBase64Url(lanTag(secret, day))))
      if (known) for (const peerKey of peerKeys) this.#note(peerKey, addresses)
    }
  }

  #note(peerKey: Uint8Array, addresses: readonly string[]): void {
    const key = toBase64Url(peerKey)
    const before = this.#found.get(key)
    const nowMs = this.#parts.clock.monotonicMs()
    const same = before?.addresses.join(' ') === addresses.join(' ')
    if (before !== undefined && same && nowMs - before.atMs < DIAL_AGAIN_AFTER_MS) return
    this.#found.set(key, { addresses, atMs: nowMs })
    this.#parts.onFound(peerKey, addresses)
  }
}

function portsOf(addresses: readonly string[]): { readonly tcpPort: number; readonly quicPort: number } {
  const find = (pattern: RegExp): number =>
    Number(addresses.map((address) => pattern.exec(address)?.[1]).find((port) => port !== undefined) ?? 0)
  return { tcpPort: find(/^\/ip4\/[^/]+\/tcp\/(\d+)$/), quicPort: find(/^\/ip4\/[^/]+\/udp\/(\d+)\/quic-v1$/) }
}

function nameOf(tags: readonly Uint8Array[]): string {
  return tags.map(toBase64Url).join(' ')
}

function ignore(): void {
  // a network that carries no multicast is no failure
}
