/** One run of the device's libp2p node under fixed settings: what comes in, what goes out, the links that stand. */

import { multiaddr } from '@multiformats/multiaddr'
import type { Connection, Stream } from '@libp2p/interface'
import type { DirectHandlers, DirectLink, DirectSettings, InviteAnswer } from '../ports/direct.ts'
import type { Clock, Logger } from '../ports/runtime.ts'
import { ParleyError } from '../../shared/errors.ts'
import { toBase64Url } from '../../shared/wire/bytes.ts'
import { BLOB_PROTOCOL } from '../../shared/wire/blob-stream.ts'
import { DIRECT_PROTOCOL, INVITE_PROTOCOL } from '../../shared/wire/direct-frames.ts'
import { BetterPaths } from './better-paths.ts'
import { getBlob, serveBlob } from './blob-protocol.ts'
import { Circuits, closeQuietly } from './circuits.ts'
import type { CircuitRelay } from './circuits.ts'
import { networkFailure } from './failure.ts'
import { admissionOf, createGater, StrangerBudget } from './gater.ts'
import { askForInvite, serveInvite } from './invite-protocol.ts'
import { Link } from './link.ts'
import type { LinkEvents } from './link.ts'
import { linkStreamOf } from './link-stream.ts'
import { ownAddresses, transportOf } from './multiaddrs.ts'
import { startNode } from './node.ts'
import type { DirectNode } from './node.ts'
import { pathsTo, racePaths } from './path-race.ts'
import type { Path } from './path-race.ts'
import { peerIdOf, peerKeyOf } from './peer-keys.ts'
import { PeerLinks } from './peer-links.ts'

const MAX_OWN_ADDRESSES = 16
const STREAMS_A_CONNECTION = 32
const OPEN_STREAM_WITHIN_MS = 5_000
const BETTER_WITHIN_MS = 10_000
const INVITE_WITHIN_MS = 10_000
/** Who is no contact by then has no business here. */
const STRANGER_STAYS_MS = 60_000
const STOP_WITHIN_MS = 2_500
const LOOK_AT_ADDRESSES_EVERY_MS = 30_000

export interface RunParts {
  readonly peerSecretKey: Uint8Array
  readonly settings: DirectSettings
  readonly handlers: DirectHandlers
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}

interface Dial {
  readonly result: Promise<void>
  readonly abort: AbortController
  callers: number
}

export class DirectRun {
  readonly #parts: RunParts
  readonly #node: DirectNode
  readonly #links: PeerLinks
  readonly #circuits: Circuits
  readonly #budget: StrangerBudget
  readonly #better: BetterPaths
  /** Where devices were dialled last. */
  readonly #knownAddresses = new Map<string, readonly string[]>()
  readonly #dials = new Map<string, Dial>()
  readonly #connections = new WeakMap<Link, Connection>()
  #addresses: readonly string[] = []
  #cancelWatch: (() => void) | null = null
  #stopping = false

  private constructor(parts: RunParts, node: DirectNode, ownKey: Uint8Array) {
    const { handlers, clock } = parts
    this.#parts = parts
    this.#node = node
    this.#budget = new StrangerBudget(clock)
    this.#circuits = new Circuits(node, clock, parts.random)
    this.#better = new BetterPaths({
      ...parts,
      look: (link) => {
        this.#lookForBetter(link)
      },
    })
    this.#links = new PeerLinks(ownKey, {
      onLink: (link) => {
        this.#better.onLink(link)
        handlers.onLink(link)
      },
      onLinkClosed: (link) => {
        this.#better.onLinkClosed(link)
        handlers.onLinkClosed(link)
      },
    })
  }

  static async start(parts: RunParts): Promise<DirectRun> {
    const node = await startNode({ ...parts, gater: createGater(parts.handlers) })
    const ownKey = peerKeyOf(node.libp2p.peerId)
    if (ownKey === null) throw new Error('the own key is no Ed25519 key')
    const run = new DirectRun(parts, node, ownKey)
    await run.#serve()
    return run
  }

  async #serve(): Promise<void> {
    const { libp2p } = this.#node
    const options = { maxInboundStreams: STREAMS_A_CONNECTION, runOnLimitedConnection: true }
    const serve = (protocol: string, take: (stream: Stream, connection: Connection) => void): Promise<void> =>
      libp2p.handle(protocol, take, options)
    await serve(DIRECT_PROTOCOL, (stream, connection) => {
      this.#onDirectStream(stream, connection)
    })
    await serve(BLOB_PROTOCOL, (stream, connection) => {
      void this.#onBlobStream(stream, connection)
    })
    await serve(INVITE_PROTOCOL, (stream, connection) => {
      this.#onInviteStream(stream, connection)
    })
    libp2p.addEventListener('connection:open', (event) => {
      this.#onConnection(event.detail)
    })
    for (const event of ['self:peer:update', 'transport:listening', 'transport:close'] as const) {
      libp2p.addEventListener(event, () => {
        this.#noteAddresses()
      })
    }
    this.#watchAddresses()
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Nothing tells when the machine's own addresses change. */
  #watchAddresses(): void {
    this.#noteAddresses()
    this.#cancelWatch = this.#parts.clock.after(LOOK_AT_ADDRESSES_EVERY_MS, () => {
      this.#watchAddresses()
    })
  }

  #noteAddresses(): void {
    const { libp2p, listening } = this.#node
    const all = [...listening(), ...libp2p.getMultiaddrs()]
    const now = ownAddresses(all, libp2p.peerId.toString(), MAX_OWN_ADDRESSES)
    if (this.#stopping || now.join(' ') === this.#addresses.join(' ')) return
    this.#addresses = now
    this.#better.lookNow()
    this.#parts.handlers.onAddressesChanged(now)
  }

  #onConnection(connection: Connection): void {
    const { handlers, clock } = this.#parts
    if (connection.direction === 'inbound') {
      if (admissionOf(connection.remotePeer, handlers) === 'contact') return
      clock.after(STRANGER_STAYS_MS, () => {
        if (admissionOf(connection.remotePeer, handlers) !== 'contact') closeQuietly(connection)
      })
      return
    }
    // a hole was punched: what went through a circuit moves over
    const peerKey = peerKeyOf(connection.remotePeer)
    if (peerKey === null || this.#dials.has(toBase64Url(peerKey))) return
    const transport = this.#transportOf(connection)
    if (this.#links.current(peerKey)?.transport !== 'circuit' || transport === null || transport === 'circuit') return
    this.#openLink(connection, peerKey).catch(() => {
      closeQuietly(connection)
    })
  }

  #onDirectStream(stream: Stream, connection: Connection): void {
    const peerKey = peerKeyOf(connection.remotePeer)
    const admission = this.#admit(connection)
    const second = admission === 'stranger' && peerKey !== null && this.#links.current(peerKey) !== null
    if (peerKey === null || second || admission === 'refused' || this.#transportOf(connection) === null) {
      stream.abort(new ParleyError('blocked', 'direct'))
      return
    }
    this.#addLink(stream, connection, peerKey, false)
  }

  /** Spends a stranger's budget. */
  #admit(connection: Connection): 'contact' | 'stranger' | 'refused' {
    if (this.#stopping) return 'refused'
    const admission = admissionOf(connection.remotePeer, this.#parts.handlers)
    if (admission !== 'stranger') return admission
    return this.#budget.take(connection.remoteAddr.toString()) ? 'stranger' : 'refused'
  }

  async #onBlobStream(stream: Stream, connection: Connection): Promise<void> {
    const { handlers } = this.#parts
    if (admissionOf(connection.remotePeer, handlers) !== 'contact') {
      stream.abort(new ParleyError('blocked', 'blob'))
      return
    }
    await serveBlob(stream, (blobId, capability, offset) => handlers.openBlob(blobId, capability, offset))
    this.#release(connection)
  }

  #onInviteStream(stream: Stream, connection: Connection): void {
    const { handlers } = this.#parts
    if (!handlers.acceptsStrangers() || !this.#budget.take(connection.remoteAddr.toString())) {
      stream.abort(new ParleyError('rate-limited', 'invite'))
      return
    }
    void serveInvite(stream, (slotId, takerNonce) => handlers.takeInvite(slotId, takerNonce))
  }

  /** Null: over a transport that is not wanted. */
  #transportOf(connection: Connection) {
    const transport = transportOf(connection.remoteAddr.toString())
    return transport !== null && this.#parts.settings.transports.includes(transport) ? transport : null
  }

  async connect(peerKey: Uint8Array, addresses: readonly string[], signal: AbortSignal): Promise<DirectLink> {
    const key = toBase64Url(peerKey)
    this.#knownAddresses.set(key, addresses)
    const standing = this.#links.current(peerKey)
    if (standing !== null) return standing
    if (signal.aborted || this.#stopping) throw new ParleyError('timeout', 'connect')
    const dial = this.#dials.get(key) ?? this.#dial(key, peerKey, addresses)
    dial.callers += 1
    try {
      return await this.#firstLink(peerKey, dial.result, signal)
    } catch (error) {
      throw networkFailure(error)
    } finally {
      dial.callers -= 1
      // a circuit goes on looking for something better by itself
      if (dial.callers === 0 && this.#links.current(peerKey)?.transport !== 'circuit') dial.abort.abort()
    }
  }

  #dial(key: string, peerKey: Uint8Array, addresses: readonly string[]): Dial {
    const { settings, clock } = this.#parts
    const abort = new AbortController()
    const paths = pathsTo(addresses, peerIdOf(peerKey).toString(), settings.transports)
    const race = {
      clock,
      dial: (path: Path, signal: AbortSignal) => this.#node.dial(path.address, signal),
      use: (connection: Connection) => this.#openLink(connection, peerKey),
      discard: closeQuietly,
    }
    const { inUse, over } = racePaths(paths, race, abort.signal)
    const dial: Dial = { result: inUse, abort, callers: 0 }
    this.#dials.set(key, dial)
    void over.then(() => {
      if (this.#dials.get(key) === dial) this.#dials.delete(key)
    })
    return dial
  }

  /** In the background: what comes of it takes the place of the circuit. */
  #lookForBetter({ peerKey }: Link): void {
    const key = toBase64Url(peerKey)
    if (this.#stopping || this.#dials.has(key)) return
    const direct = (this.#knownAddresses.get(key) ?? []).filter((address) => transportOf(address) !== 'circuit')
    const { result, abort } = this.#dial(key, peerKey, direct)
    const cancel = this.#parts.clock.after(BETTER_WITHIN_MS, () => {
      abort.abort()
    })
    result.catch(() => undefined).finally(cancel)
  }

  /** Whatever stands first: a path of the race, or the other side's own dial. */
  #firstLink(peerKey: Uint8Array, raced: Promise<void>, signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        unwatch()
        signal.removeEventListener('abort', onAbort)
        finish()
      }
      const onAbort = (): void => {
        settle(() => {
          reject(new ParleyError('timeout', 'no path in time'))
        })
      }
      const unwatch = this.#links.watch(peerKey, (link) => {
        settle(() => {
          resolve(link)
        })
      })
      signal.addEventListener('abort', onAbort)
      raced.then(
        () => {
          const link = this.#links.current(peerKey)
          settle(() => {
            if (link === null) reject(new ParleyError('unreachable', 'closed at once'))
            else resolve(link)
          })
        },
        (error: unknown) => {
          settle(() => {
            reject(networkFailure(error))
          })
        },
      )
    })
  }

  async #openLink(connection: Connection, peerKey: Uint8Array): Promise<void> {
    const stream = await connection.newStream(DIRECT_PROTOCOL, {
      runOnLimitedConnection: true,
      signal: AbortSignal.timeout(OPEN_STREAM_WITHIN_MS),
    })
    if (this.#stopping) throw new ParleyError('cancelled', 'stopped')
    this.#addLink(stream, connection, peerKey, true)
  }

  #addLink(stream: Stream, connection: Connection, peerKey: Uint8Array, openedHere: boolean): void {
    const transport = transportOf(connection.remoteAddr.toString())
    if (transport === null) throw new ParleyError('unreachable', 'transport')
    const link = new Link({
      stream: linkStreamOf(stream),
      clock: this.#parts.clock,
      peerKey,
      transport,
      openedHere,
      events: this.#linkEvents,
      getBlob: async (request, signal) => getBlob(connection, request, signal),
    })
    this.#connections.set(link, connection)
    this.#links.add(link)
    link.open()
  }

  readonly #linkEvents: LinkEvents = {
    onEnvelope: (link, envelope) => this.#parts.handlers.onEnvelope(link, envelope),
    onEphemeral: (link, envelope) => {
      this.#parts.handlers.onEphemeral(link, envelope)
    },
    onClosed: (link) => {
      this.#links.onClosed(link)
    },
    onGone: (link) => {
      this.#links.onGone(link)
      const connection = this.#connections.get(link)
      if (connection !== undefined) this.#release(connection)
    },
    onBug: (error) => {
      this.#parts.log.warn('direct-envelope-failed', { error: error instanceof Error ? error.name : 'unknown' })
    },
  }

  /** Closes a connection that carries nothing of Parley any more. */
  #release(connection: Connection): void {
    const busy = connection.streams.some(({ protocol }) => protocol === DIRECT_PROTOCOL || protocol === BLOB_PROTOCOL)
    if (!busy) closeQuietly(connection)
  }

  /** Only the addresses are known: whoever answers there is asked. */
  async takeInvite(
    addresses: readonly string[],
    request: { readonly slotId: Uint8Array; readonly takerNonce: Uint8Array },
  ): Promise<InviteAnswer> {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(INVITE_WITHIN_MS)])
    try {
      return await Promise.any(addresses.map((address) => this.#takeInviteAt(address, request, signal)))
    } catch (error) {
      throw networkFailure(error instanceof AggregateError ? error.errors[0] : error)
    } finally {
      abort.abort()
    }
  }

  async #takeInviteAt(
    address: string,
    request: { readonly slotId: Uint8Array; readonly takerNonce: Uint8Array },
    signal: AbortSignal,
  ): Promise<InviteAnswer> {
    const connection = await this.#node.dial(multiaddr(address), signal)
    try {
      return await askForInvite(connection, request, signal)
    } finally {
      this.#release(connection)
    }
  }

  useCircuits(relays: readonly CircuitRelay[]): Promise<void> {
    const { transports } = this.#parts.settings
    const wanted = transports.includes('circuit') || transports.includes('webrtc')
    return this.#circuits.use(wanted ? relays : [])
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelWatch?.()
    for (const dial of this.#dials.values()) dial.abort.abort()
    this.#circuits.stop()
    const closing = Promise.all(this.#links.all().map((link) => link.close())).then(() => this.#node.libp2p.stop())
    let cancel: (() => void) | undefined
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(STOP_WITHIN_MS, resolve)
    })
    await Promise.race([closing, late])
    cancel?.()
  }
}
