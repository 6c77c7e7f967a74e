import type { NetworkView, RelayView } from '../../../shared/model/chat.ts'
import type { RelayId } from '../../../shared/model/ids.ts'

/** The network with this relay in its place, or at the end when it is new. */
export function withRelay(network: NetworkView, relay: RelayView): NetworkView {
  const known = network.relays.some((other) => other.relayId === relay.relayId)
  const relays = known
    ? network.relays.map((other) => (other.relayId === relay.relayId ? relay : other))
    : [...network.relays, relay]
  return { ...network, relays }
}

export function withoutRelay(network: NetworkView, relayId: RelayId): NetworkView {
  return { ...network, relays: network.relays.filter((relay) => relay.relayId !== relayId) }
}
