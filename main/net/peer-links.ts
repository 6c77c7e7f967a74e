/** Of all streams to a device the one to send on. Both sides come to the same choice, whoever opened what when. */

import { toBase64Url } from '../../shared/wire/bytes.ts'
import type { Link } from './link.ts'
import { compareKeys } from './peer-keys.ts'

/** An older link that would be kept proves within this time that it lives. */
const PROVE_WITHIN_MS = 1_000

export interface PeerLinksEvents {
  /** This link is the one to send on from now on. */
  onLink(link: Link): void
  /** A link that `onLink` named takes no more. */
  onLinkClosed(link: Link): void
}

interface Peer {
  current: Link | null
  readonly links: Set<Link>
  readonly announced: WeakSet<Link>
}

export class PeerLinks {
  readonly #ownKey: Uint8Array
  readonly #events: PeerLinksEvents
  readonly #peers = new Map<string, Peer>()
  readonly #watchers = new Map<string, Set<(link: Link) => void>>()

  constructor(ownKey: Uint8Array, events: PeerLinksEvents) {
    this.#ownKey = ownKey
    this.#events = events
  }

  current(peerKey: Uint8Array): Link | null {
    return this.#peers.get(toBase64Url(peerKey))?.current ?? null
  }

  all(): readonly Link[] {
    return [...this.#peers.values()].flatMap((peer) => [...peer.links])
  }

  /** Calls back when a link to the device becomes the current one. @returns stops watching */
  watch(peerKey: Uint8Array, callback: (link: Link) => void): () => void {
    const key = toBase64Url(peerKey)
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers.add(callback))
    return () => {
      watchers.delete(callback)
      if (watchers.size === 0) this.#watchers.delete(key)
    }
  }

  add(link: Link): void {
    const key = toBase64Url(link.peerKey)
    const peer: Peer = this.#peers.get(key) ?? { current: null, links: new Set(), announced: new WeakSet() }
    this.#peers.set(key, peer)
    peer.links.add(link)
    const before = peer.current
    if (before === null) this.#use(key, peer, link)
    else if (this.#keepsOlder(before, link)) void this.#settle(key, peer, before, link)
    else {
      this.#use(key, peer, link)
      before.retire()
    }
  }

  /** It takes no more: another open one becomes the current one. */
  onClosed(link: Link): void {
    const key = toBase64Url(link.peerKey)
    const peer = this.#peers.get(key)
    if (peer === undefined) return
    if (peer.current === link) {
      peer.current = null
      const other = [...peer.links].find((candidate) => !candidate.closed)
      if (other !== undefined) this.#use(key, peer, other)
    }
    if (peer.announced.has(link)) this.#events.onLinkClosed(link)
  }

  onGone(link: Link): void {
    const key = toBase64Url(link.peerKey)
    const peer = this.#peers.get(key)
    if (peer === undefined) return
    peer.links.delete(link)
    if (peer.links.size === 0) this.#peers.delete(key)
  }

  /** The older is kept when it lives; the newer, which surely does, waits for that and answers meanwhile. */
  async #settle(key: string, peer: Peer, older: Link, newer: Link): Promise<void> {
    const alive = await older.probe(PROVE_WITHIN_MS)
    if (peer.current !== older) return
    if (alive) {
      newer.retire()
      return
    }
    if (!newer.closed) this.#use(key, peer, newer)
    older.retire()
  }

  #use(key: string, peer: Peer, link: Link): void {
    peer.current = link
    peer.announced.add(link)
    this.#events.onLink(link)
    for (const watcher of [...(this.#watchers.get(key) ?? [])]) watcher(link)
  }

  /**
   * A direct path beats a circuit. Streams that both sides opened: that of the smaller key stays. Two of the same
   * side: it opened the second because the first was of no more use to it.
   */
  #keepsOlder(older: Link, newer: Link): boolean {
    const olderDirect = older.transport !== 'circuit'
    if (olderDirect !== (newer.transport !== 'circuit')) return olderDirect
    if (older.openedHere === newer.openedHere) return false
    return older.openedHere === compareKeys(this.#ownKey, older.peerKey) < 0
  }
}
