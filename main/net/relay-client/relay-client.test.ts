import { relayPortContract } from '../../ports/contract-tests/relay-port.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { LocalRelay } from '../../../relay/testing/local-relay.ts'
import { createRelayClient } from './index.ts'

relayPortContract('libp2p over TCP, against parley-relay', {
  startRelay: async () => {
    let skippedMs = 0
    const relay = await LocalRelay.start({ now: () => Date.now() + skippedMs })
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
