import { describe, expect, it } from 'vitest'
import { fakeFile } from '../../testing/fake-records.ts'
import { THEM, sampleChat, sampleMessage } from '../../testing/sample.ts'
import { chatPreview } from './chat-preview.ts'

describe('the second line of a row', () => {
  const failed = sampleMessage({ text: 'Bring the hose', status: 'failed' })

  it('is the draft before anything that failed', () => {
    expect(chatPreview(sampleChat({ draft: ' I could\nbe there ', lastMessage: failed }))).toEqual({
      kind: 'draft',
      text: 'I could be there',
      tick: null,
    })
  })

  it('says that the last message was not sent before what it says', () => {
    expect(chatPreview(sampleChat({ lastMessage: failed })).kind).toBe('failed')
  })

  it('starts with the tick of an own last message', () => {
    const lastMessage = sampleMessage({ text: 'See you', status: 'held' })
    expect(chatPreview(sampleChat({ lastMessage }))).toEqual({ kind: 'text', text: 'See you', tick: 'held' })
  })

  it('has no tick for a message of theirs', () => {
    const lastMessage = sampleMessage({ text: 'See you', authorId: THEM })
    expect(chatPreview(sampleChat({ lastMessage }))).toEqual({ kind: 'text', text: 'See you', tick: null })
  })

  it('shows the caption of a photo, or that it is one', () => {
    const photo = { width: 2, height: 1, blurhash: 'L' }
    const preview = (caption: string) =>
      chatPreview(
        sampleChat({
          lastMessage: sampleMessage({
            authorId: THEM,
            body: fakeFile({ name: 'a.jpg', sizeBytes: 1, photo, caption }),
          }),
        }),
      )
    expect(preview('The bay')).toEqual({ kind: 'photo', text: 'The bay', tick: null })
    expect(preview('')).toEqual({ kind: 'photo', text: '', tick: null })
  })

  it('shows the name of a file without a caption', () => {
    const lastMessage = sampleMessage({ authorId: THEM, body: fakeFile({ name: 'map.pdf', sizeBytes: 1 }) })
    expect(chatPreview(sampleChat({ lastMessage }))).toEqual({ kind: 'file', text: 'map.pdf', tick: null })
  })

  it('hides what a blocked person wrote', () => {
    const lastMessage = sampleMessage({ authorId: THEM })
    expect(chatPreview(sampleChat({ blocked: true, draft: 'x', lastMessage })).kind).toBe('blocked')
  })
})
