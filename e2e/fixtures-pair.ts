/** Two people at two real apps who have met, and the relay between them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRelayProcess } from '../scripts/relay-process.ts'
import type { RelayProcess } from '../scripts/relay-process.ts'
import { test as base } from './fixtures.ts'
import type { OpenedApp } from './fixtures.ts'
import { acceptInvite, addRelay, makeInvite, onboard, openChat } from './person.ts'

const LOOPBACK = '/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0'

export interface Pair {
  readonly robin: OpenedApp
  readonly mira: OpenedApp
}

interface PairFixtures {
  readonly relay: RelayProcess & { readonly dataDir: string }
  /** Robin invited Mira; both look at the chat. */
  readonly meet: (env?: Readonly<Record<string, string>>) => Promise<Pair>
}

export const APP_ENV = { PARLEY_LISTEN: LOOPBACK }

export const test = base.extend<PairFixtures>({
  relay: async ({}, use) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-relay-'))
    const relay = await startRelayProcess(dataDir)
    await use({ ...relay, dataDir })
    await relay.stop()
    await rm(dataDir, { recursive: true, force: true })
  },
  meet: async ({ openApp, relay }, use) => {
    await use(async (env = {}) => {
      const robin = await openApp({ env: { ...APP_ENV, ...env } })
      const mira = await openApp({ env: { ...APP_ENV, ...env } })
      await onboard(robin.page, 'Robin')
      await onboard(mira.page, 'Mira')
      await addRelay(robin.page, relay.paste)
      await acceptInvite(mira.page, await makeInvite(robin.page, 'Mira'))
      await openChat(robin.page, 'Mira')
      return { robin, mira }
    })
  },
})

export { expect } from '@playwright/test'
