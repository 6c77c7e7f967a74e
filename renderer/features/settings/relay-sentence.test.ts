import { describe, expect, it } from 'vitest'
import type { RelayView } from '../../../shared/model/chat.ts'
import type { RelayId } from '../../../shared/model/ids.ts'
import { withoutRelay, withRelay } from './relay-list.ts'
import { addRelaySentence, relaySentence, relaysSummary } from './relay-sentence.ts'

const SINCE_MS = 1_764_000_000_000

function relay(name: string, patch: Partial<RelayView> = {}): RelayView {
  return {
    relayId: name as RelayId,
    name,
    state: 'connected',
    roundTripMs: 42,
    sinceMs: SINCE_MS,
    failure: null,
    heldCount: 0,
    ...patch,
  }
}

const quay = relay('quay')
const net = relay('net')
const silent = relay('attic', { state: 'unreachable', roundTripMs: null, failure: 'timeout' })

describe('relaySentence', () => {
  it('tells the round trip in whole milliseconds and what is held', () => {
    expect(relaySentence(relay('quay', { roundTripMs: 41.6 }), [])).toEqual({ key: 'answered', ms: 42 })
    expect(relaySentence(relay('quay', { heldCount: 3 }), [])).toEqual({ key: 'answeredHolds', ms: 42, count: 3 })
  })

  it('does not invent a round trip before the first one was measured', () => {
    expect(relaySentence(relay('quay', { roundTripMs: null }), [])).toEqual({ key: 'connected' })
  })

  it('says of a silent one what the others do', () => {
    expect(relaySentence(silent, [quay, silent]).key).toBe('noAnswerOne')
    expect(relaySentence(silent, [quay, net, silent]).key).toBe('noAnswerTwo')
    expect(relaySentence(silent, [quay, net, relay('d'), silent])).toMatchObject({ key: 'noAnswerMany', count: 3 })
  })

  it('promises nothing for others that are silent as well', () => {
    const also = relay('also', { state: 'unreachable' })
    expect(relaySentence(silent, [quay, also, silent]).key).toBe('noAnswer')
    expect(relaySentence(silent, [also, silent]).key).toBe('noAnswer')
  })

  it('says that messages wait when it is the only one', () => {
    expect(relaySentence(silent, [silent])).toEqual({ key: 'noAnswerAlone', sinceMs: SINCE_MS })
  })

  it.each([
    ['relay-full', 'refusedFull'],
    ['relay-quota', 'refusedFull'],
    ['token-revoked', 'refusedToken'],
    ['relay-lying', 'lying'],
    ['relay-refused', 'refused'],
    ['rate-limited', 'refusedLimited'],
    ['unsupported-version', 'refusedVersion'],
    ['signature-invalid', 'refused'],
    ['relay-invite-needed', 'refusedInvite'],
  ] as const)('tells why it refuses: %s', (failure, key) => {
    expect(relaySentence(relay('quay', { state: 'refused', failure }), []).key).toBe(key)
  })

  it('does not call a relay silent that said that it stops', () => {
    const leaving = relay('quay', { state: 'unreachable', failure: 'relay-stops' })
    expect(relaySentence(leaving, [leaving])).toEqual({ key: 'restarting' })
  })

  it('calls a relay that is not itself by its name even when the connection is gone', () => {
    expect(relaySentence(relay('quay', { state: 'unreachable', failure: 'relay-lying' }), []).key).toBe('lying')
  })
})

describe('relaysSummary', () => {
  it('calls a majority enough', () => {
    expect(relaysSummary([quay, net, silent])).toBe('enough')
    expect(relaysSummary([quay, silent])).toBe('tooFew')
    expect(relaysSummary([quay, silent, relay('b', { state: 'refused' })])).toBe('tooFew')
  })

  it('speaks of one relay and of none differently', () => {
    expect(relaysSummary([quay])).toBe('oneAnswers')
    expect(relaysSummary([silent])).toBe('noneAnswers')
    expect(relaysSummary([])).toBeNull()
  })
})

describe('addRelaySentence', () => {
  it('separates a wrong address from a relay that is off and one that is somebody else', () => {
    expect(addRelaySentence('malformed')).toBe('malformed')
    expect(addRelaySentence('timeout')).toBe('unreachable')
    expect(addRelaySentence('relay-lying')).toBe('lying')
    expect(addRelaySentence('store-damaged')).toBe('failed')
  })
})

describe('the list of relays', () => {
  const network = { online: true, directCount: 0, relayPathCount: 0, waitingCount: 0, relays: [quay, net] }

  it('takes a new answer in the place of the old one', () => {
    const tested = relay('quay', { roundTripMs: 7 })
    expect(withRelay(network, tested).relays).toEqual([tested, net])
  })

  it('puts a new relay at the end and lets a removed one go', () => {
    expect(withRelay(network, silent).relays).toEqual([quay, net, silent])
    expect(withoutRelay(network, quay.relayId).relays).toEqual([net])
  })
})
