import { relayPortContract } from '../../ports/contract-tests/relay-port.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { LocalRelay } from '../../../relay/testing/local-relay.ts'
import { createRelayClient } from './index.ts'

const LISTENERS = [
  ['TCP', '/ip4/127.0.0.1/tcp/0'],
  ['QUIC', '/ip4/127.0.0.1/udp/0/quic-v1'],
] as const

for (const [transport, listen] of LISTENERS) {
  relayPortContract(`libp2p over ${transport}, against parley-relay`, {
    startRelay: async () => {
      let skippedMs = 0
      const relay = await LocalRelay.start({ now: () => Date.now() + skippedMs, listen, config: { doorBits: 8 } })
      return {
        contact: relay.contact,
        advance: (milliseconds) => {
          skippedMs += milliseconds
        },
        restart: () => relay.restart(),
        stop: () => relay.remove(),
      }
    },
    makeClient: () => createRelayClient({ clock: systemClock }),
  })
}
