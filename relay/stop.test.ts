/** The order in which a relay starts and stops: its own port comes first and goes last. */

import { afterEach, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { Owner, random } from '../main/ports/contract-tests/relay-owner.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { configSchema } from './config.ts'
import { startRelay } from './relay.ts'
import { LocalRelay } from './testing/local-relay.ts'

let relay: LocalRelay | null = null

afterEach(async () => {
  await relay?.remove()
  relay = null
})

test('from the first moment of its stop on it is not ready, and it says so until the rest has stopped', async () => {
  relay = await LocalRelay.start({ config: { operator: { listen: '127.0.0.1:0' } } })
  const url = relay.running.operatorUrl ?? ''
  const ready = async (): Promise<unknown> => (await fetch(`${url}/readyz`)).json()
  expect(await ready()).toEqual({ ready: true, state: 'running' })
  const port = createRelayClient({ clock: systemClock })
  const owner = new Owner()
  await owner.connect(port, relay.contact)
  await port.deposit(relay.contact, [owner.deposit(random(10_000))])
  const stopping = relay.running.stop()
  expect(await ready()).toEqual({ ready: false, state: 'draining' })
  await stopping
  await expect(ready()).rejects.toThrow()
  await port.stop()
})

test('a start that fails closes what it had opened: the folder is free again', async () => {
  relay = await LocalRelay.start()
  await relay.stop()
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined }
  // An address of nobody's (RFC 5737).
  const config = configSchema.parse({ listen: ['/ip4/192.0.2.254/tcp/4001'], minFreeDiskBytes: 0 })
  await expect(startRelay({ dataDir: relay.dataDir, config, log })).rejects.toThrow()
  await relay.start()
  expect(relay.running.addresses()).toHaveLength(1)
})
