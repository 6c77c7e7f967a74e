/** Direct delivery over libp2p: who may connect, which path is taken, and the one link that is kept for each device. */

import { multiaddr } from '@multiformats/multiaddr'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { DirectHandlers, DirectLink, DirectPort, DirectSettings, InviteAnswer } from '../ports/direct.ts'
import type { Clock } from '../ports/runtime.ts'
import { toBase64Url } from '../../shared/wire/bytes.ts'
import { BLOB_PROTOCOL } from '../../shared/wire/blob-stream.ts'
import {
  decodeInviteAnswer,
  decodeInviteRequest,
  DIRECT_PROTOCOL,
  encodeInviteAnswer,
  encodeInviteRequest,
  INVITE_PROTOCOL,
} from '../../shared/wire/direct-frames.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import { serveBlob } from './blob-server.ts'
import { CircuitRelays } from './circuit-relays.ts'
import { StreamLink } from './direct-link.ts'
import { startDirectNode } from './direct-node.ts'
import { networkFailure } from './failure.ts'
import { LanAnnouncement } from './lan-announcement.ts'
import { peerIdOf, peerKeyOf } from './peer-keys.ts'
import { dialFirst, startClientNode } from './relay-client/client-node.ts'
import { transportOf, transportRank } from './transport-name.ts'

const STREAMS_A_CONNECTION = 64
const STOP_WITHIN_MS = 3_000

export function createDirectTransport(options: { readonly clock: Clock }): DirectPort {
  return new DirectLibp2p(options.clock)
}

class DirectLibp2p implements DirectPort {
  readonly #clock: Clock
  #node: Libp2p | null = null
  #secret: Uint8Array | null = null
  #settings: DirectSettings | null = null
  #handlers: DirectHandlers | null = null
  #circuits: CircuitRelays | null = null
  #lan: LanAnnouncement | null = null
  #relays: readonly { readonly addresses: readonly string[] }[] = []
  #addresses = ''
  readonly #links = new Map<string, StreamLink>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async start(peerSecretKey: Uint8Array, settings: DirectSettings, handlers: DirectHandlers): Promise<void> {
    this.#secret = peerSecretKey
    this.#settings = settings
    this.#handlers = handlers
    await this.#startNode()
  }

  async #startNode(): Promise<void> {
    const { secret, settings, handlers } = this.#started()
    const node = await startDirectNode({ peerSecretKey: secret, settings, admits: (peer) => this.#admits(peer) })
    this.#node = node
    this.#circuits = new CircuitRelays(node, this.#clock)
    this.#lan = new LanAnnouncement({
      enabled: settings.findOnLan && !settings.hideAddress,
      ports: () => portsOf(this.addresses()),
      onFound: (peerKey, addresses) => {
        void this.connect(peerKey, addresses, AbortSignal.timeout(STOP_WITHIN_MS)).catch(ignoreExpected)
      },
      now: () => this.#clock.nowMs(),
    })
    const options = { maxInboundStreams: STREAMS_A_CONNECTION, runOnLimitedConnection: true }
    await node.handle(
      DIRECT_PROTOCOL,
      (stream, connection) => {
        this.#onStream(stream, connection)
      },
      options,
    )
    await node.handle(
      BLOB_PROTOCOL,
      (stream, connection) => {
        this.#onBlobStream(stream, connection, handlers)
      },
      options,
    )
    await node.handle(
      INVITE_PROTOCOL,
      (stream) => {
        void this.#onInviteStream(stream, handlers)
      },
      options,
    )
    node.addEventListener('self:peer:update', () => {
      this.#noteAddresses()
    })
    this.#noteAddresses()
  }

  #started() {
    if (this.#secret === null || this.#settings === null || this.#handlers === null) {
      throw new Error('the direct transport has not been started')
    }
    return { secret: this.#secret, settings: this.#settings, handlers: this.#handlers }
  }

  #running(): Libp2p {
    if (this.#node === null) throw new ParleyError('cancelled', 'stopped')
    return this.#node
  }

  async configure(settings: DirectSettings): Promise<void> {
    const before = JSON.stringify(this.#settings)
    this.#settings = settings
    if (before === JSON.stringify(settings) || this.#node === null) return
    await this.stop()
    await this.#startNode()
    await this.useCircuits(this.#relays)
  }

  /** Contacts' devices; relays, which the device itself connected to, are no inbound peers. */
  #admits(peer: PeerId): boolean {
    const peerKey = peerKeyOf(peer)
    const handlers = this.#handlers
    if (peerKey === null || handlers === null) return false
    return handlers.isAllowed(peerKey) || handlers.acceptsStrangers()
  }

  addresses(): readonly string[] {
    const { settings } = this.#started()
    if (this.#node === null) return []
    const all = this.#node.getMultiaddrs().map((address) => address.toString())
    const bare = all.map((address) => address.replace(/\/p2p\/[^/]+$/, ''))
    const own = settings.hideAddress ? bare.filter((address) => address.includes('/p2p-circuit')) : bare
    const reachable = own.filter((address) => !isLoopback(address))
    const useful = reachable.some((address) => !address.includes('/p2p-circuit')) ? reachable : own
    return [...new Set(useful)]
      .sort((a, b) => transportRank(transportOf(a)) - transportRank(transportOf(b)))
      .slice(0, 16)
  }

  #noteAddresses(): void {
    const now = this.addresses().join(' ')
    if (now === this.#addresses) return
    const first = this.#addresses === ''
    this.#addresses = now
    this.#lan?.refresh()
    if (!first || now !== '') this.#handlers?.onAddressesChanged(this.addresses())
  }

  async connect(peerKey: Uint8Array, addresses: readonly string[], signal: AbortSignal): Promise<DirectLink> {
    const known = this.#links.get(toBase64Url(peerKey))
    if (known !== undefined && !known.closed) return known
    const node = this.#running()
    const peerId = peerIdOf(peerKey)
    const wanted = this.#usable([...addresses, ...(this.#lan?.addressesOf(peerKey) ?? [])])
    if (wanted.length === 0) throw new ParleyError('unreachable', 'no address')
    try {
      const connection = await firstConnection(node, peerId, wanted, signal)
      const existing = this.#links.get(toBase64Url(peerKey))
      if (existing !== undefined && !existing.closed) return existing
      const stream = await connection.newStream(DIRECT_PROTOCOL, { signal, runOnLimitedConnection: true })
      return this.#addLink(stream, connection, peerKey)
    } catch (error) {
      throw networkFailure(error)
    }
  }

  /** Those over a transport that is wanted: tests and "Hide my address" narrow them. */
  #usable(addresses: readonly string[]): readonly string[] {
    const { settings } = this.#started()
    return [...new Set(addresses)].filter((address) => {
      const transport = transportOf(address)
      if (settings.hideAddress && transport !== 'circuit') return false
      return settings.transports.includes(transport)
    })
  }

  #onStream(stream: Stream, connection: Connection): void {
    const peerKey = peerKeyOf(connection.remotePeer)
    if (peerKey === null) {
      stream.abort(new ParleyError('malformed', 'peer key'))
      return
    }
    this.#addLink(stream, connection, peerKey)
  }

  /** One link a device: where both sides dialled at once, the stream opened by the smaller key stays. */
  #addLink(stream: Stream, connection: Connection, peerKey: Uint8Array): StreamLink {
    const { handlers } = this.#started()
    const key = toBase64Url(peerKey)
    const before = this.#links.get(key)
    const link = new StreamLink({
      stream,
      connection,
      peerKey,
      clock: this.#clock,
      handlers,
      onClosed: (closed) => {
        this.#onLinkClosed(closed)
      },
    })
    if (before !== undefined && !before.closed && !this.#replaces(link, before, stream.direction)) {
      // The other stays the one to send on; this one is still read, since the peer may send on it before it knows.
      link.start()
      return before
    }
    this.#links.set(key, link)
    link.start()
    handlers.onLink(link)
    if (before !== undefined && !before.closed) this.#closeWhenQuiet(before)
    return link
  }

  #replaces(link: StreamLink, before: StreamLink, direction: Stream['direction']): boolean {
    const rank = transportRank(link.transport) - transportRank(before.transport)
    if (rank !== 0) return rank < 0
    const own = peerKeyOf(this.#running().peerId)
    if (own === null) return false
    const smallerIsOwn = toBase64Url(own) < toBase64Url(link.peerKey)
    return (direction === 'outbound') === smallerIsOwn
  }

  /** Answers that are still due may come over the old stream for a while. */
  #closeWhenQuiet(link: StreamLink): void {
    this.#clock.after(STOP_WITHIN_MS, () => {
      void link.close()
    })
  }

  #onLinkClosed(link: StreamLink): void {
    const key = toBase64Url(link.peerKey)
    if (this.#links.get(key) === link) this.#links.delete(key)
    this.#handlers?.onLinkClosed(link)
    void closeConnection(link.connection)
  }

  #onBlobStream(stream: Stream, connection: Connection, handlers: DirectHandlers): void {
    const peerKey = peerKeyOf(connection.remotePeer)
    if (peerKey === null || !handlers.isAllowed(peerKey)) {
      stream.abort(new ParleyError('blocked', 'blob'))
      return
    }
    void serveBlob(stream, (blobId, capability, offset) => handlers.openBlob(blobId, capability, offset))
  }

  async #onInviteStream(stream: Stream, handlers: DirectHandlers): Promise<void> {
    const framed = new FramedStream(stream)
    try {
      const first = await framed.frames().next()
      if (first.done === true) return
      const { slotId, takerNonce } = decodeInviteRequest(first.value)
      await framed.write(encodeInviteAnswer(await handlers.takeInvite(slotId, takerNonce)))
      await framed.close()
    } catch (error) {
      framed.abort(error instanceof Error ? error : new Error('invite'))
    }
  }

  /** From a node of its own: who takes an invite is a stranger until the first message. */
  async takeInvite(addresses: readonly string[], slotId: Uint8Array, takerNonce: Uint8Array): Promise<InviteAnswer> {
    const node = await startClientNode()
    try {
      const connection = await dialFirst(node, addresses)
      const framed = new FramedStream(await connection.newStream(INVITE_PROTOCOL))
      await framed.write(encodeInviteRequest({ slotId, takerNonce }))
      const answer = await framed.frames().next()
      if (answer.done === true) throw new ParleyError('unreachable', 'no answer')
      return decodeInviteAnswer(answer.value)
    } catch (error) {
      throw networkFailure(error)
    } finally {
      await node.stop()
    }
  }

  async useCircuits(relays: readonly { readonly addresses: readonly string[] }[]): Promise<void> {
    this.#relays = relays
    const { settings } = this.#started()
    const wanted = settings.transports.includes('circuit') || settings.transports.includes('webrtc')
    await this.#circuits?.use(wanted ? relays : [])
  }

  setLanContacts(contacts: readonly { readonly secret: Uint8Array; readonly peerKeys: readonly Uint8Array[] }[]): void {
    this.#lan?.setContacts(contacts)
  }

  async stop(): Promise<void> {
    const node = this.#node
    this.#node = null
    this.#circuits?.stop()
    this.#lan?.stop()
    for (const link of [...this.#links.values()]) await link.close()
    if (node !== null) await node.stop()
  }
}

/** All paths at once, but a circuit only after the direct ones had their chance. @throws what the last one failed with */
async function firstConnection(
  node: Libp2p,
  peerId: PeerId,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const near = addresses.filter((address) => !address.includes('/p2p-circuit'))
  const far = addresses.filter((address) => address.includes('/p2p-circuit'))
  const rounds = [near, far].filter((round) => round.length > 0)
  let last: unknown = new ParleyError('unreachable', 'no address')
  for (const round of rounds) {
    try {
      return await race(node, peerId, round, signal)
    } catch (error) {
      last = error
    }
  }
  throw last
}

async function race(
  node: Libp2p,
  peerId: PeerId,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const others = new AbortController()
  const both = AbortSignal.any([signal, others.signal])
  const dials = addresses.map((address) =>
    node.dial(multiaddr(`${address}/p2p/${peerId.toString()}`), { signal: both, force: true }),
  )
  try {
    const first = await Promise.any(dials)
    others.abort()
    for (const dialled of dials) {
      void dialled.then(
        (connection) => (connection.id === first.id ? undefined : connection.close()),
        () => undefined,
      )
    }
    return first
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}

async function closeConnection(connection: Connection): Promise<void> {
  try {
    await connection.close()
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error('close'))
  }
}

function isLoopback(address: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/::1\//.test(address) && !address.includes('/p2p-circuit')
}

function portsOf(addresses: readonly string[]): { readonly tcp: number; readonly quic: number } {
  const find = (pattern: RegExp): number =>
    Number(addresses.map((address) => pattern.exec(address)?.[1]).find((port) => port !== undefined) ?? 0)
  return { tcp: find(/^\/ip4\/[^/]+\/tcp\/(\d+)$/), quic: find(/^\/ip4\/[^/]+\/udp\/(\d+)\/quic/) }
}

function ignoreExpected(error: unknown): void {
  if (!isParleyError(error)) throw error
}
