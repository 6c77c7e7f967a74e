/** The newest signed list of front ends of each relay: an older one that says something else is a replay. */

import type { RelayId } from '../../../shared/model/ids.ts'
import type { FrontEnds } from '../../../shared/wire/relay-signed.ts'

/** Far more relays than one talks to in a run. */
const MAX_RELAYS = 4_096

export class FrontEndLists {
  /** The last one seen stands last. */
  readonly #newest = new Map<RelayId, FrontEnds>()

  /** False: a newer one was seen, and it names other peers or addresses. */
  accepts(list: FrontEnds): boolean {
    const known = this.#newest.get(list.relayId)
    if (known !== undefined && list.version < known.version) return saysTheSame(list, known)
    this.#newest.delete(list.relayId)
    this.#newest.set(list.relayId, list)
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > MAX_RELAYS && oldest !== undefined) this.#newest.delete(oldest)
    return true
  }

  /** As the newest list says; empty for a relay of which none was seen. */
  addressesOf(relayId: RelayId): readonly string[] {
    return this.#newest.get(relayId)?.addresses ?? []
  }
}

function saysTheSame(a: FrontEnds, b: FrontEnds): boolean {
  return a.peers.join() === b.peers.join() && a.addresses.join() === b.addresses.join()
}
