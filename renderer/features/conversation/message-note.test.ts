import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../shared/errors.ts'
import { sampleMessage } from '../../testing/sample.ts'
import { messageNote } from './message-note.ts'

const SENT_AT_MS = 1_000_000
const note = (patch: Parameters<typeof sampleMessage>[0], afterMs = 60_000) =>
  messageNote(sampleMessage({ sentAtMs: SENT_AT_MS, ...patch }), SENT_AT_MS + afterMs)

describe('the sentence below an own message', () => {
  it('is silent while a message is on its way, and then says that it waits', () => {
    expect(note({ status: 'sending' }, 500)).toBeNull()
    expect(note({ status: 'sending' })).toEqual({ text: 'waiting', bad: false, actions: [] })
  })

  it('is silent once somebody else holds it', () => {
    for (const status of ['held', 'delivered', 'read'] as const) expect(note({ status })).toBeNull()
  })

  it('is red only for what was given up', () => {
    expect(note({ status: 'failed', failure: 'too-large' })?.bad).toBe(true)
    expect(note({ status: 'sending', failure: 'relay-full' })?.bad).toBe(false)
  })

  it('does not offer to send again what would fail again', () => {
    expect(note({ status: 'failed', failure: 'too-large' })?.actions).toEqual(['delete'])
    expect(note({ status: 'failed', failure: 'cannot-decrypt' })?.actions).toEqual(['retry', 'delete'])
  })

  it.each([
    ['relay-full', 'full'],
    ['relay-quota', 'full'],
    ['unreachable', 'unreachable'],
    ['timeout', 'unreachable'],
  ] as const)('says why a message waits: %s', (failure: ErrorCode, text) => {
    expect(note({ status: 'sending', failure })?.text).toBe(text)
  })
})
