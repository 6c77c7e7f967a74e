/** Links of one libp2p node to relays, opened when they are missing or were lost, and the connection that attachments take. */

import type { Connection, Libp2p } from '@libp2p/interface'
import type { RelayContactPoint } from '../../ports/relay.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import { dialFirst, startClientNode } from './client-node.ts'
import type { FrontEndLists } from './front-end-lists.ts'
import { RelayLink } from './relay-link.ts'
import type { LinkHandlers } from './relay-link.ts'

const SILENT: LinkHandlers = { onPush: () => undefined, onStock: () => undefined, onClosed: () => undefined }

export class ProvenLinks {
  readonly #clock: Clock
  readonly #lists: FrontEndLists
  #node: Promise<Libp2p> | null = null
  readonly #links = new Map<RelayId, Promise<RelayLink>>()
  readonly #bulk = new Map<RelayId, Promise<Connection>>()
  #stopped = false

  constructor(clock: Clock, lists: FrontEndLists) {
    this.#clock = clock
    this.#lists = lists
  }

  #started(): Promise<Libp2p> {
    if (this.#stopped) throw new ParleyError('cancelled')
    this.#node ??= startClientNode()
    return this.#node
  }

  /** The PeerId that this side proves. */
  async peerName(): Promise<string> {
    return (await this.#started()).peerId.toString()
  }

  /** A new one. @throws unreachable | timeout | relay-lying | unsupported-version */
  async open(addresses: readonly string[], expected: RelayId | null, handlers = SILENT): Promise<RelayLink> {
    const node = await this.#started()
    const parts = { clock: this.#clock, lists: this.#lists }
    return dialFirst(node, this.#placesOf(addresses, expected), (connection) =>
      RelayLink.open(connection, expected, parts, handlers),
    )
  }

  /** Where else the relay answers, as its newest list says: the front end that was known may be gone. */
  #placesOf(addresses: readonly string[], relayId: RelayId | null): readonly string[] {
    const learned = relayId === null ? [] : this.#lists.addressesOf(relayId)
    return [...new Set([...addresses, ...learned])]
  }

  /** The one that is open, or a new one; callers at the same time share it. @throws as `open` */
  link(relay: RelayContactPoint): Promise<RelayLink> {
    return shared(
      this.#links,
      relay.relayId,
      (link) => !link.closed,
      () => this.open(relay.addresses, relay.relayId),
    )
  }

  /**
   * For attachments: a stream over TCP makes a fast sender wait, one over QUIC does not.
   * @throws as `open`
   */
  async bulk(relay: RelayContactPoint): Promise<Connection> {
    const link = await this.link(relay)
    const others = this.#placesOf(relay.addresses, relay.relayId).filter((address) => !isQuic(address))
    if (!isQuic(link.connection.remoteAddr.toString()) || others.length === 0) return link.connection
    const isOpen = (connection: Connection): boolean => connection.status === 'open'
    try {
      return await shared(this.#bulk, relay.relayId, isOpen, () => this.#dialProven(link, others))
    } catch (error) {
      if (!isParleyError(error)) throw error
      return link.connection
    }
  }

  async #dialProven(link: RelayLink, addresses: readonly string[]): Promise<Connection> {
    return dialFirst(await this.#started(), addresses, async (connection) => {
      if (!link.frontEnds.peers.includes(connection.remotePeer.toString())) throw new ParleyError('relay-lying', 'peer')
      return connection
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await (await this.#node)?.stop()
  }
}

function isQuic(address: string): boolean {
  return address.includes('/quic')
}

/** What is there and good, else a new one that callers at the same time share. */
async function shared<T>(
  known: Map<RelayId, Promise<T>>,
  relayId: RelayId,
  isGood: (value: T) => boolean,
  make: () => Promise<T>,
): Promise<T> {
  const before = known.get(relayId)
  if (before !== undefined) {
    const value = await before
    if (isGood(value)) return value
  }
  const current = known.get(relayId)
  if (current !== undefined && current !== before) return current
  const made = make()
  known.set(relayId, made)
  try {
    return await made
  } catch (error) {
    // A failure is not kept: the next caller tries again.
    if (known.get(relayId) === made) known.delete(relayId)
    throw error
  }
}
