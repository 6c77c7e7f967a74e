import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../shared/errors.ts'
import { fakeFile } from '../../testing/fake-records.ts'
import { THEM, sampleMessage } from '../../testing/sample.ts'
import { messageNote, messageNotes } from './message-note.ts'

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
    ['relay-stops', 'unreachable'],
    ['rate-limited', 'limited'],
    ['door-closed', 'door'],
    ['key-not-confirmed', 'key'],
  ] as const)('says why a message waits: %s', (failure: ErrorCode, text) => {
    expect(note({ status: 'sending', failure })?.text).toBe(text)
  })
})

describe('the notes of a feed', () => {
  const waiting = (sentAtMs: number) => sampleMessage({ sentAtMs, status: 'sending' })
  const notesOf = (messages: ReturnType<typeof waiting>[], moving: string[] = []) =>
    [...messageNotes(messages, 10_000_000, (id) => moving.includes(id)).keys()].toSorted()

  it('say the same reason once, below the last of a row', () => {
    const [a, b, c] = [waiting(1), waiting(2), waiting(3)]
    expect(notesOf([a, b, c])).toEqual([c.messageId])
  })

  it('are said again where something else stands between', () => {
    const [a, read, c] = [waiting(1), sampleMessage({ sentAtMs: 2, status: 'read' }), waiting(3)]
    expect(notesOf([a, read, c])).toEqual([a.messageId, c.messageId])
  })

  it('offer their action below each message that was given up', () => {
    const failed = (sentAtMs: number) => sampleMessage({ sentAtMs, status: 'failed', failure: 'too-large' })
    expect(notesOf([failed(1), failed(2)])).toHaveLength(2)
  })

  it('are silent about a file that is moving', () => {
    const a = waiting(1)
    expect(notesOf([a], [a.messageId])).toEqual([])
  })
})

it.each([
  ['disk-full', 'disk-full', ['fetch']],
  ['cancelled', 'stopped', ['fetch']],
  ['file-damaged', 'damaged', ['fetch']],
  ['file-gone', 'gone', ['delete']],
] as const)('says what became of a file that did not arrive: %s', (failure, text, actions) => {
  const body = fakeFile({ name: 'a.pdf', sizeBytes: 1, state: 'failed', failure })
  expect(messageNote(sampleMessage({ authorId: THEM, body }), 0)).toMatchObject({ text, actions })
})
