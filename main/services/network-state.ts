/** The network as a person is told of it; emitted when it changed. */

import type { NetworkView } from '../../shared/model/chat.ts'
import type { Core } from './core.ts'
import type { OwnRelays } from './own-relays.ts'
import type { Paths } from './paths.ts'
import { profileOf } from './reach.ts'

export class NetworkState {
  readonly #core: Core
  readonly #paths: Paths
  readonly #relays: OwnRelays
  #machineOnline = true
  #last = ''

  constructor(core: Core, paths: Paths, relays: OwnRelays) {
    this.#core = core
    this.#paths = paths
    this.#relays = relays
  }

  setMachineOnline(online: boolean): void {
    this.#machineOnline = online
    this.refresh()
  }

  view(): NetworkView {
    const relays = this.#relays.views()
    const paths = this.#core.store.contacts
      .list()
      .filter((contact) => !contact.blocked)
      .map((contact) =>
        this.#paths.pathTo(
          contact.contactId,
          profileOf(contact).relays.map((relay) => relay.relayId),
        ),
      )
    const directCount = paths.filter((path) => path === 'direct').length
    const someRelay = relays.some((relay) => relay.state === 'connected' || relay.state === 'connecting')
    return {
      online: directCount > 0 || someRelay || (this.#machineOnline && relays.length === 0),
      directCount,
      relayPathCount: paths.filter((path) => path === 'relay').length,
      waitingCount: this.#core.store.outbox.waitingCount(),
      relays,
    }
  }

  readonly refresh = (): void => {
    const view = this.view()
    const text = JSON.stringify(view)
    if (text === this.#last) return
    this.#last = text
    this.#core.emit('network.changed', view)
  }
}
