/**
 * The nodes that deposits leave from: one for each relay, with a random key and no listeners, new every day, so that a relay
 * cannot join what somebody sends to what they receive, nor one day to the next.
 */

import type { RelayContactPoint } from '../../ports/relay.ts'
import type { Clock } from '../../ports/runtime.ts'
import { ParleyError } from '../../../shared/errors.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import type { FrontEndLists } from './front-end-lists.ts'
import { ProvenLinks } from './proven-links.ts'

const DAY_MS = 24 * 60 * 60 * 1000

interface Sender {
  readonly day: number
  readonly links: ProvenLinks
  inUse: number
  retired: boolean
}

export class Senders {
  readonly #clock: Clock
  readonly #lists: FrontEndLists
  readonly #current = new Map<RelayId, Sender>()
  readonly #all = new Set<Sender>()
  #stopped = false

  constructor(clock: Clock, lists: FrontEndLists) {
    this.#clock = clock
    this.#lists = lists
  }

  /** Runs `work` on today's node for that relay; yesterday's ends when its last work does. */
  async use<T>(relay: RelayContactPoint, work: (links: ProvenLinks) => Promise<T>): Promise<T> {
    if (this.#stopped) throw new ParleyError('cancelled')
    const sender = this.#today(relay.relayId)
    sender.inUse += 1
    try {
      return await work(sender.links)
    } finally {
      sender.inUse -= 1
      await this.#stopWhenDone(sender)
    }
  }

  #today(relayId: RelayId): Sender {
    const day = Math.floor(this.#clock.nowMs() / DAY_MS)
    const known = this.#current.get(relayId)
    if (known !== undefined && known.day === day) return known
    const sender: Sender = { day, links: new ProvenLinks(this.#clock, this.#lists), inUse: 0, retired: false }
    this.#current.set(relayId, sender)
    this.#all.add(sender)
    if (known !== undefined) {
      known.retired = true
      void this.#stopWhenDone(known)
    }
    return sender
  }

  async #stopWhenDone(sender: Sender): Promise<void> {
    if (!sender.retired || sender.inUse > 0 || !this.#all.delete(sender)) return
    await sender.links.stop()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#all].map((sender) => sender.links.stop()))
    this.#all.clear()
  }
}
