/** Where this relay answers, as it is told to people and as it is signed for their programs. */

import type { Libp2p } from '@libp2p/interface'
import type { MailboxId } from '../shared/model/ids.ts'
import { concatBytes } from '../shared/wire/bytes.ts'
import { frontEndsBytes, frontEndsToSign } from '../shared/wire/relay-signed.ts'
import { Refused } from './refused.ts'
import type { RelayKey } from './relay-key.ts'

const MAX_ADDRESSES = 8
const MAX_PEERS = 8
const RETRY_AFTER_SECONDS = 5

/** Multiaddrs without PeerId, likely ones first. */
export function bareAddresses(node: Libp2p): readonly string[] {
  const all = node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''))
  const direct = [...new Set(all)].filter((address) => !address.includes('/p2p-circuit'))
  return direct.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_ADDRESSES)
}

/** TCP first: it gets through everywhere. Loopback and link-local last. */
function rank(address: string): number {
  const near = /^\/ip4\/127\.|^\/ip6\/::1\/|^\/ip6\/fe80/.test(address) ? 10 : 0
  return near + (address.includes('/quic') ? 1 : 0) + (address.includes('/ws') ? 2 : 0)
}

interface FrontEnd {
  readonly peer: string
  /** Likely ones first. */
  readonly addresses: readonly string[]
}

interface Places {
  readonly peers: readonly string[]
  readonly addresses: readonly string[]
}

export interface FrontEndList extends Places {
  readonly version: number
}

/** The other front ends of this relay, where there are any. */
export interface Siblings {
  /** Null: not known now. Grows in version whenever it changes, and is the same at all of them. */
  readonly list: FrontEndList | null
  deposited(mailboxIds: ReadonlySet<MailboxId>): void
  /** Few one-time prekeys are left in a directory of that mailbox. */
  stockFell(mailboxId: MailboxId): void
  /** Its owner connected here: wherever it was connected before, it is let go. */
  owned(mailboxId: MailboxId): Promise<void>
  /** It left. */
  released(mailboxId: MailboxId): void
}

/** What the others tell. */
export interface SiblingHandlers {
  onDeposited(mailboxIds: readonly MailboxId[]): void
  onStock(mailboxIds: readonly MailboxId[]): void
  onOwnedElsewhere(mailboxId: MailboxId): void
}

/** Everybody's likeliest address before anybody's second one; whoever says it is in it. */
export function mergedFrontEnds(known: readonly FrontEnd[], self: FrontEnd): Places {
  const others = known.filter(({ peer }) => peer !== self.peer)
  const isIn = known.findIndex(({ peer }) => peer === self.peer)
  const all = isIn >= 0 && isIn < MAX_PEERS ? known.slice(0, MAX_PEERS) : [...others.slice(0, MAX_PEERS - 1), self]
  const addresses = Array.from({ length: MAX_ADDRESSES }, (_, at) => all.map((one) => one.addresses[at])).flat()
  return {
    peers: all.map(({ peer }) => peer),
    addresses: [...new Set(addresses.filter((address) => address !== undefined))].slice(0, MAX_ADDRESSES),
  }
}

/**
 * The list of all of them, or of this one where it is alone: its version then grows with time. A newer list replaces an older
 * one. @throws unreachable: what the others say is not known now, and an older list would be taken for a replay
 */
export function signedFrontEnds(key: RelayKey, node: Libp2p, siblings: Siblings | null, nowMs: number): Uint8Array {
  const list = siblings === null ? listOfOne(node, nowMs) : siblings.list
  if (list === null) throw new Refused('unreachable', 'front ends', RETRY_AFTER_SECONDS)
  const body = frontEndsBytes({ relayId: key.relayId, ...list })
  return concatBytes(body, key.sign(frontEndsToSign(body)))
}

function listOfOne(node: Libp2p, nowMs: number): FrontEndList {
  return { peers: [node.peerId.toString()], addresses: bareAddresses(node), version: Math.floor(nowMs / 1000) }
}
