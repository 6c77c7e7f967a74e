import { describe, expect, it } from 'vitest'
import type { MessageId } from '../../shared/model/ids.ts'
import { sampleMessage } from '../testing/sample.ts'
import { withMessage, withNewestPage, withoutMessage } from './message-order.ts'

const message = (name: string, orderKey: string, text = name) =>
  sampleMessage({ messageId: name as MessageId, orderKey, text })
const [a, c, e] = [message('a', '1'), message('c', '3'), message('e', '5')]
const names = (messages: readonly { readonly messageId: string }[]): string[] =>
  messages.map(({ messageId }) => messageId)

describe('a message that comes in', () => {
  it('goes to the end when it is the newest', () => {
    expect(names(withMessage([a, c], e, true))).toEqual(['a', 'c', 'e'])
    expect(names(withMessage([], a, true))).toEqual(['a'])
  })

  it('is set in its place by order key, whenever it arrives', () => {
    expect(names(withMessage([a, e], c, false))).toEqual(['a', 'c', 'e'])
  })

  it('replaces the one with its id and stays where that was', () => {
    const changed = { ...c, status: 'read' as const }
    expect(withMessage([a, c, e], changed, false)[1]).toEqual(changed)
  })

  it('waits for its page when it is older than what is loaded', () => {
    expect(names(withMessage([c, e], a, true))).toEqual(['c', 'e'])
    expect(names(withMessage([c, e], a, false))).toEqual(['a', 'c', 'e'])
  })

  it('leaves the list it was given as it was', () => {
    const before = [a, e]
    withMessage(before, c, false)
    expect(names(before)).toEqual(['a', 'e'])
  })
})

it('takes out only the message that was deleted', () => {
  expect(names(withoutMessage([a, c, e], c.messageId))).toEqual(['a', 'e'])
})

describe('the newest page, fetched again', () => {
  it('joins what is loaded, with its newer state of each message', () => {
    const read = { ...c, status: 'read' as const }
    expect(withNewestPage([a, c], [read, e])).toEqual([a, read, e])
  })

  it('takes its place when there is a gap between the two', () => {
    expect(withNewestPage([a], [c, e])).toEqual([c, e])
  })

  it('drops what is no longer there', () => {
    expect(names(withNewestPage([a, c, e], [a, e]))).toEqual(['a', 'e'])
  })
})
