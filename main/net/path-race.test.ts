import { beforeEach, describe, expect, test } from 'vitest'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { isParleyError } from '../../shared/errors.ts'
import { pathsTo, racePaths } from './path-race.ts'
import type { Path } from './path-race.ts'
import { ManualClock, settled } from './testing/manual-clock.ts'

const PEER = '12D3KooWGSrXQQXYp31AUbZ64eJMb3hGywN4dmzpaZW3rWW22EfF'
const RELAY = '12D3KooWRdFFg3yTbTsDq5Z1yCvCWbqznEFro9jeVivo7rkayJ4D'
const ALL: readonly DirectTransport[] = ['quic', 'tcp', 'websocket', 'webrtc', 'circuit']
const QUIC = '/ip4/192.0.2.1/udp/1/quic-v1'
const TCP = '/ip4/192.0.2.1/tcp/1'
const CIRCUIT = `/ip4/192.0.2.9/tcp/1/p2p/${RELAY}/p2p-circuit`

let clock: ManualClock
let dials: Map<
  string,
  { readonly path: Path; up(): Promise<void>; down(): Promise<void>; readonly signal: AbortSignal }
>
let used: string[]
let discarded: string[]
let unusable: Set<string>
beforeEach(() => {
  clock = new ManualClock()
  dials = new Map()
  used = []
  discarded = []
  unusable = new Set()
})

function race(addresses: readonly string[], signal = new AbortController().signal) {
  return racePaths<string>(
    pathsTo(addresses, PEER, ALL),
    {
      clock,
      dial: (path, dialSignal) =>
        new Promise((resolve, reject) => {
          dials.set(path.transport, {
            path,
            signal: dialSignal,
            up: () => {
              resolve(path.transport)
              return settled()
            },
            down: () => {
              reject(new Error('refused'))
              return settled()
            },
          })
        }),
      use: (connection) => {
        if (unusable.has(connection)) return Promise.reject(new Error('denied'))
        used.push(connection)
        return Promise.resolve()
      },
      discard: (connection) => discarded.push(connection),
    },
    signal,
  )
}

describe('the paths to a device', () => {
  test('carry its key, the likely ones first; unknown and malformed ones are left out', () => {
    const paths = pathsTo(
      [CIRCUIT, TCP, 'nonsense', '/ip4/999.1.1.1/tcp/1', QUIC, TCP, '/ip4/1.2.3.4/udp/9'],
      PEER,
      ALL,
    )
    expect(paths.map((path) => path.address.toString())).toEqual([
      `${QUIC}/p2p/${PEER}`,
      `${TCP}/p2p/${PEER}`,
      `${CIRCUIT}/p2p/${PEER}`,
      `${CIRCUIT}/webrtc/p2p/${PEER}`,
    ])
  })

  test('are those over transports that are wanted', () => {
    expect(pathsTo([CIRCUIT, TCP, QUIC], PEER, ['webrtc', 'tcp']).map((path) => path.transport)).toEqual([
      'tcp',
      'webrtc',
    ])
  })
})

describe('a race', () => {
  test('gives QUIC a head start, then TCP, then circuits; the first that stands is used and the others are dropped', async () => {
    const { inUse } = race([CIRCUIT, TCP, QUIC])
    expect([...dials.keys()]).toEqual(['quic'])
    clock.advance(50)
    expect([...dials.keys()]).toEqual(['quic', 'tcp'])
    await dials.get('tcp')?.up()
    await inUse
    expect(used).toEqual(['tcp'])
    expect(dials.get('quic')?.signal.aborted).toBe(true)
    expect(dials.get('tcp')?.signal.aborted).toBe(false)
    expect(clock.timerCount).toBe(0)
    await dials.get('quic')?.up()
    expect(discarded).toEqual(['quic'])
  })

  test('does not wait for a head start of paths that have failed', async () => {
    const { inUse } = race([CIRCUIT, QUIC])
    await dials.get('quic')?.down()
    expect([...dials.keys()]).toEqual(['quic', 'circuit'])
    await dials.get('circuit')?.up()
    await inUse
    expect(used).toEqual(['circuit'])
  })

  test('after a circuit goes on until a direct path is in use too', async () => {
    const { inUse, over } = race([CIRCUIT, TCP])
    clock.advance(400)
    await dials.get('circuit')?.up()
    await inUse
    expect(dials.get('tcp')?.signal.aborted).toBe(false)
    expect([...dials.keys()]).toEqual(['tcp', 'circuit', 'webrtc'])
    await dials.get('webrtc')?.up()
    await over
    expect(used).toEqual(['circuit', 'webrtc'])
    expect(dials.get('tcp')?.signal.aborted).toBe(true)
  })

  test('after a circuit gives up on better ones after 15 s', async () => {
    const { over } = race([CIRCUIT, TCP])
    clock.advance(400)
    await dials.get('circuit')?.up()
    clock.advance(15_000)
    await over
    expect(dials.get('tcp')?.signal.aborted).toBe(true)
    expect(clock.timerCount).toBe(0)
  })

  test('takes the next connection when the first cannot be used', async () => {
    unusable.add('quic')
    const { inUse } = race([TCP, QUIC])
    clock.advance(50)
    await Promise.all([dials.get('quic')?.up(), dials.get('tcp')?.up()])
    await inUse
    expect([used, discarded]).toEqual([['tcp'], ['quic']])
  })

  test('fails when every path has failed, and at once when there is none', async () => {
    const { inUse } = race([QUIC])
    const failed = expect(inUse).rejects.toSatisfy((error) => isParleyError(error, 'unreachable'))
    await dials.get('quic')?.down()
    await failed
    await expect(race([]).inUse).rejects.toSatisfy((error) => isParleyError(error, 'unreachable'))
  })

  test('ends when its caller gives up', async () => {
    const abort = new AbortController()
    const { inUse, over } = race([QUIC, TCP], abort.signal)
    const failed = expect(inUse).rejects.toSatisfy((error) => isParleyError(error, 'timeout'))
    abort.abort()
    await failed
    await over
    expect(dials.get('quic')?.signal.aborted).toBe(true)
    expect(clock.timerCount).toBe(0)
  })
})
