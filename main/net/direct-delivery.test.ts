/** Who may connect, what becomes of a path that breaks or improves, and what "Hide my address" hides: on real sockets. */

import { afterEach, describe, expect, test } from 'vitest'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { isParleyError } from '../../shared/errors.ts'
import { acquaint, TestDevice } from '../ports/contract-tests/direct-device.ts'
import type { DirectSettings } from '../ports/direct.ts'
import type { Clock } from '../ports/runtime.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { createDirectTransport } from './direct-transport.ts'
import { STRANGER_STREAMS_A_MINUTE } from './gater.ts'
import { layCable } from './testing/cable.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { startPlainRelay } from './testing/plain-relay.ts'

const TCP = '/ip4/127.0.0.1/tcp/0'
const QUIC = '/ip4/127.0.0.1/udp/0/quic-v1'
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

function settings(listen: readonly string[], transports: readonly DirectTransport[]): DirectSettings {
  return { hideAddress: false, findOnLan: false, listen, transports }
}

async function device(name: string, with_: DirectSettings = settings([TCP], ['tcp']), clock: Clock = systemClock) {
  const made = new TestDevice(createDirectTransport({ clock, random: () => 0.5 }), name)
  closers.push(() => made.port.stop())
  await made.start(with_)
  return made
}

async function relay() {
  const started = await startPlainRelay()
  closers.push(async () => started.node.stop())
  return started
}

const bytes = (fill: number): Uint8Array => new Uint8Array(100).fill(fill)
const code = (expected: string) => (error: unknown) => isParleyError(error) && error.code === expected

describe('an invite that is taken directly', () => {
  const slotId = new Uint8Array(32).fill(1)
  const nonce = new Uint8Array(16).fill(2)

  test('is given to a stranger, whose first envelope is taken too, while strangers are welcome', async () => {
    const [alice, bob] = [await device('alice'), await device('bob')]
    bob.allow(alice)
    alice.acceptsStrangers = true
    alice.invite = { kind: 'item', item: bytes(7) }
    expect(await bob.port.takeInvite(alice.port.addresses(), slotId, nonce)).toEqual({ kind: 'item', item: bytes(7) })
    const link = await bob.connect(alice)
    expect(await link.send(bytes(1))).toBe('committed')
    expect(alice.received).toEqual([bytes(1)])
    await alice.until(() => alice.links.length === 1, 'a link')
    expect(alice.links[0]?.peerKey).toEqual(bob.peerKey)
  })

  test('says when it was used, expired or is not known', async () => {
    const [alice, bob] = [await device('alice'), await device('bob')]
    alice.acceptsStrangers = true
    for (const kind of ['used', 'expired', 'unknown'] as const) {
      alice.invite = { kind }
      expect(await bob.port.takeInvite(alice.port.addresses(), slotId, nonce)).toEqual({ kind })
    }
  })

  test('is not given while no invite is open', async () => {
    const [alice, bob] = [await device('alice'), await device('bob')]
    alice.invite = { kind: 'item', item: bytes(7) }
    await expect(bob.port.takeInvite(alice.port.addresses(), slotId, nonce)).rejects.toSatisfy(code('unreachable'))
    await expect(bob.connect(alice)).rejects.toSatisfy(isParleyError)
    expect(alice.links).toEqual([])
  })

  test('is asked for four times a minute from one address, and again when the minute is over', async () => {
    const clock = new ManualClock()
    const alice = await device('alice', undefined, clock)
    const bob = await device('bob')
    alice.acceptsStrangers = true
    alice.invite = { kind: 'used' }
    const ask = () => bob.port.takeInvite(alice.port.addresses(), slotId, nonce)
    for (let asked = 0; asked < STRANGER_STREAMS_A_MINUTE; asked += 1) expect(await ask()).toEqual({ kind: 'used' })
    await expect(ask()).rejects.toSatisfy(code('unreachable'))
    clock.advance(60_000)
    expect(await ask()).toEqual({ kind: 'used' })
  })

  test('gives a stranger one link, and no blobs', async () => {
    const [alice, bob] = [await device('alice'), await device('bob')]
    bob.allow(alice)
    alice.acceptsStrangers = true
    const link = await bob.connect(alice)
    const blobId = Buffer.alloc(16).toString('base64url') as Parameters<typeof link.getBlob>[0]['blobId']
    alice.blobs.set(`${blobId} ${Buffer.alloc(32).toString('base64url')}`, bytes(1))
    const blob = link.getBlob({ blobId, readCapability: new Uint8Array(32), offset: 0 }, new AbortController().signal)
    await expect(blob).rejects.toSatisfy(code('unreachable'))
  })

  test('who is no contact a minute later has to go', async () => {
    const clock = new ManualClock()
    const alice = await device('alice', undefined, clock)
    const bob = await device('bob')
    bob.allow(alice)
    alice.acceptsStrangers = true
    const link = await bob.connect(alice)
    alice.acceptsStrangers = false
    clock.advance(60_000)
    await bob.until(() => link.closed, 'the end')
    expect(link.closed).toBe(true)
  })
})

describe('a path that breaks', () => {
  test('whose cable is pulled is noticed 10 s after an envelope was sent', async () => {
    const clock = new ManualClock()
    const alice = await device('alice', undefined, clock)
    const bob = await device('bob')
    acquaint(alice, bob)
    const cable = await layCable(bob.port.addresses()[0] ?? '')
    closers.push(() => cable.close())
    const link = await alice.port.connect(bob.peerKey, [cable.address], AbortSignal.timeout(5_000))
    expect(await link.send(bytes(1))).toBe('committed')
    cable.pull()
    const outcome = expect(link.send(bytes(2))).rejects.toSatisfy(code('unreachable'))
    await Promise.resolve()
    clock.advance(9_999)
    expect(link.closed).toBe(false)
    clock.advance(1)
    expect(link.closed).toBe(true)
    await outcome
    expect(alice.closedLinks).toEqual([link])
  })
})

describe('a path that improves', () => {
  test('moves from a circuit to the direct one when that works again, and nothing is lost on the way', async () => {
    const { addresses } = await relay()
    const both = settings([TCP], ['tcp', 'circuit'])
    const clock = new ManualClock()
    const [alice, bob] = [await device('alice', both, clock), await device('bob', both)]
    acquaint(alice, bob)
    await bob.port.useCircuits([{ addresses }])
    const circuit = bob.port.addresses().find((address) => address.includes('/p2p-circuit')) ?? ''
    const cable = await layCable(bob.port.addresses()[0] ?? '')
    closers.push(() => cable.close())
    cable.pull()
    const dial = alice.port.connect(bob.peerKey, [circuit, cable.address], AbortSignal.timeout(5_000))
    clock.advance(400)
    const first = await dial
    expect(first.transport).toBe('circuit')
    clock.advance(15_000)
    await Promise.resolve()
    cable.mend()
    expect(await first.send(bytes(1))).toBe('committed')
    clock.advance(20_000 - 15_000)
    await alice.until(() => alice.linkTo(bob)?.transport === 'tcp', 'the direct path')
    expect(await alice.linkTo(bob)?.send(bytes(2))).toBe('committed')
    await alice.until(() => first.closed, 'the end of the circuit')
    await bob.until(() => bob.linkTo(alice)?.transport === 'tcp', 'the direct path')
    expect(bob.received).toEqual([bytes(1), bytes(2)])
  })

  test('each transport that is allowed is used, and the quickest wins when all are', async () => {
    const all = settings([QUIC, TCP, `${TCP}/ws`], ['quic', 'tcp', 'websocket'])
    const [alice, bob] = [await device('alice', all), await device('bob', all)]
    acquaint(alice, bob)
    expect(bob.port.addresses().map((address) => address.replace(/\d{4,}/, ''))).toEqual([
      '/ip4/127.0.0.1/udp//quic-v1',
      '/ip4/127.0.0.1/tcp/',
      '/ip4/127.0.0.1/tcp//ws',
    ])
    expect((await alice.connect(bob)).transport).toBe('quic')
  })
})

describe('relays that offer circuits', () => {
  test('are reserved at again after they were gone', async () => {
    const clock = new ManualClock()
    const first = await relay()
    const bob = await device('bob', settings([], ['circuit']), clock)
    await bob.port.useCircuits([{ addresses: first.addresses }])
    expect(bob.port.addresses()).toHaveLength(1)
    for (const connection of first.node.getConnections()) connection.abort(new Error('restart'))
    await bob.until(() => bob.port.addresses().length === 0, 'the end of the circuit')
    clock.advance(1_500)
    await bob.until(() => bob.port.addresses().length === 1, 'the circuit again')
  })

  test('that are no longer wanted are left', async () => {
    const { addresses } = await relay()
    const bob = await device('bob', settings([], ['circuit']))
    await bob.port.useCircuits([{ addresses }])
    expect(bob.port.addresses()).toHaveLength(1)
    await bob.port.useCircuits([])
    await bob.until(() => bob.port.addresses().length === 0, 'the end of the circuit')
  })

  test('that do not answer cost nothing', async () => {
    const bob = await device('bob', settings([TCP], ['tcp', 'circuit']))
    await bob.port.useCircuits([{ addresses: ['/ip4/127.0.0.1/tcp/1', 'nonsense'] }, { addresses: [] }])
    expect(bob.port.addresses()).toHaveLength(1)
  })
})

describe('settings', () => {
  test('"Hide my address": no listener, no dial, no invite; back when it is off', async () => {
    const hidden = { ...settings([TCP], ['tcp']), hideAddress: true }
    const [alice, bob] = [await device('alice'), await device('bob')]
    acquaint(alice, bob)
    const link = await alice.connect(bob)
    const before = bob.port.addresses()
    await bob.port.configure(hidden)
    await alice.until(() => link.closed, 'the end of the link')
    expect(bob.port.addresses()).toEqual([])
    await expect(bob.connect(alice)).rejects.toSatisfy(code('unreachable'))
    await expect(alice.port.connect(bob.peerKey, before, AbortSignal.timeout(5_000))).rejects.toSatisfy(isParleyError)
    await expect(bob.port.takeInvite(alice.port.addresses(), new Uint8Array(32), new Uint8Array(16))).rejects.toSatisfy(
      code('unreachable'),
    )
    await bob.port.configure(settings([TCP], ['tcp']))
    expect(await (await bob.connect(alice)).send(bytes(1))).toBe('committed')
  })

  test('a transport that is not allowed carries nothing', async () => {
    const bob = await device('bob', settings([QUIC], ['quic']))
    const alice = await device('alice', settings([TCP], ['tcp']))
    acquaint(alice, bob)
    await expect(alice.connect(bob)).rejects.toSatisfy(code('unreachable'))
  })

  test('a stop that comes while a dial runs ends both', async () => {
    const alice = await device('alice')
    const bob = await device('bob')
    acquaint(alice, bob)
    const addresses = bob.port.addresses()
    const dial = alice.port.connect(bob.peerKey, addresses, AbortSignal.timeout(5_000))
    const outcome = expect(dial).rejects.toSatisfy(isParleyError)
    await Promise.all([alice.port.stop(), outcome])
  })
})
