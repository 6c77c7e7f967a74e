import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { FakeEngine } from '../../testing/fake-engine.ts'
import { mountWithEngine } from '../../testing/mount-with-engine.ts'
import type { MountedWithEngine } from '../../testing/mount-with-engine.ts'
import StatusBanner from './StatusBanner.vue'

let engine: FakeEngine
let mounted: MountedWithEngine
const shown = (): string | undefined => mounted.all('banner')[0]?.textContent?.replace(/\s+/g, ' ').trim()

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  await nextTick()
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  engine = new FakeEngine({ nowMs: () => 0 })
  mounted = await mountWithEngine(StatusBanner, engine)
})
afterEach(() => {
  mounted.view.unmount()
  vi.useRealTimers()
})

it('is silent while all is well, and about a blink of the network', async () => {
  expect(shown()).toBeUndefined()
  engine.setNetwork({ online: false })
  await nextTick()
  await pass(1_000)
  engine.setNetwork({ online: true })
  await nextTick()
  await pass(10_000)
  expect(shown()).toBeUndefined()
})

it('says that it is offline and, for three seconds, that it is back with what it sends', async () => {
  engine.setNetwork({ online: false, waitingCount: 3 })
  await nextTick()
  await pass(3_000)
  expect(shown()).toContain(
    'You’re offline. What you send waits on this computer and goes out by itself when you’re back.',
  )
  engine.setNetwork({ online: true })
  await nextTick()
  expect(shown()).toBe('You’re back. Sending 3 messages.')
  engine.setNetwork({ waitingCount: 0 })
  await nextTick()
  expect(shown()).toBe('You’re back. Sending 3 messages.')
  await pass(3_000)
  expect(shown()).toBeUndefined()
})

it('says one message as one', async () => {
  engine.setNetwork({ online: false, waitingCount: 1 })
  await nextTick()
  await pass(3_000)
  engine.setNetwork({ online: true })
  await nextTick()
  expect(shown()).toBe('You’re back. Sending 1 message.')
})

it('says that the engine is being started anew, until it is there', async () => {
  mounted.shell.setEngineState('restarting')
  await nextTick()
  expect(shown()).toBe('Parley is picking itself up. Nothing is lost.')
  mounted.shell.setEngineState('running')
  await nextTick()
  expect(shown()).toBeUndefined()
})
