import { describe, expect, test } from 'vitest'
import type { DeviceId, RelayId } from '../../shared/model/ids.ts'
import { messageStatus } from './ticks.ts'
import type { DeliveryFacts } from './ticks.ts'

const relay = (name: string): RelayId => name as RelayId
const device = (name: string): DeviceId => name as DeviceId
const held = (deviceName: string, relayName: string, what: 'envelope' | 'blob' = 'envelope') => ({
  deviceId: device(deviceName),
  relayId: relay(relayName),
  what,
})

const facts = (patch: Partial<DeliveryFacts>): DeliveryFacts => ({
  devices: [{ deviceId: device('d'), relayIds: [relay('a'), relay('b'), relay('c')] }],
  held: [],
  hasBlob: false,
  committed: false,
  read: false,
  failed: false,
  ...patch,
})

describe('first tick', () => {
  test('needs a majority of the recipient’s relays', () => {
    expect(messageStatus(facts({ held: [held('d', 'a')] }))).toBe('sending')
    expect(messageStatus(facts({ held: [held('d', 'a'), held('d', 'c')] }))).toBe('held')
  })

  test('counts a relay once, and none that is not in the list', () => {
    expect(messageStatus(facts({ held: [held('d', 'a'), held('d', 'a')] }))).toBe('sending')
    expect(messageStatus(facts({ held: [held('d', 'a'), held('d', 'x')] }))).toBe('sending')
  })

  test('needs it for each device', () => {
    const devices = [
      { deviceId: device('d'), relayIds: [relay('a')] },
      { deviceId: device('e'), relayIds: [relay('a')] },
    ]
    expect(messageStatus(facts({ devices, held: [held('d', 'a')] }))).toBe('sending')
    expect(messageStatus(facts({ devices, held: [held('d', 'a'), held('e', 'a')] }))).toBe('held')
  })

  test('needs the blob’s majority too where there is a file', () => {
    const envelopes = [held('d', 'a'), held('d', 'b')]
    expect(messageStatus(facts({ hasBlob: true, held: envelopes }))).toBe('sending')
    const all = [...envelopes, held('d', 'b', 'blob'), held('d', 'c', 'blob')]
    expect(messageStatus(facts({ hasBlob: true, held: all }))).toBe('held')
  })

  test('never comes to someone without a relay', () => {
    expect(messageStatus(facts({ devices: [{ deviceId: device('d'), relayIds: [] }] }))).toBe('sending')
  })
})

test('what a device committed and what a person read stands above all else', () => {
  expect(messageStatus(facts({ committed: true, failed: true }))).toBe('delivered')
  expect(messageStatus(facts({ committed: true, read: true }))).toBe('read')
  expect(messageStatus(facts({ failed: true }))).toBe('failed')
})
