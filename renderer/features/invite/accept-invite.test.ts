import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '@noble/hashes/sha2.js'
import { effectScope } from 'vue'
import type { EffectScope } from 'vue'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { ChatView } from '../../../shared/model/chat.ts'
import { encodeInviteLink } from '../../../shared/wire/invite.ts'
import { useAcceptInvite } from './accept-invite.ts'
import type { AcceptInvite, AcceptReply } from './accept-invite.ts'

const EXPIRES_AT_MS = Date.UTC(2026, 11, 1)
const LINK = encodeInviteLink(
  { accountKey: new Uint8Array(32), secret: new Uint8Array(32), expiresAtMs: EXPIRES_AT_MS, places: [] },
  sha256,
)
const CHAT = { chatId: 'c' } as ChatView

let scope: EffectScope
let asked: string[]

function start(answer: (link: string) => Promise<AcceptReply>): AcceptInvite {
  asked = []
  const made = scope.run(() =>
    useAcceptInvite((link) => {
      asked.push(link)
      return answer(link)
    }),
  )
  if (made === undefined) throw new Error('the scope has ended')
  return made
}

const refuse =
  (code: ErrorCode, detail = '') =>
  async (): Promise<AcceptReply> => ({ ok: false, code, detail })

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('accepting an invite', () => {
  it('hands on the link without what stood before it, and ends with the chat', async () => {
    const accept = start(async () => ({ ok: true, value: CHAT }))
    expect(await accept.submit(`Here you are: ${LINK}`)).toBe(CHAT)
    expect(asked).toEqual([LINK])
    expect(accept.trouble.value).toBeNull()
  })

  it.each([
    ['', 'empty'],
    ['hello', 'notALink'],
    ['/ip4/192.0.2.1/tcp/4001', 'relayAddress'],
    ['parley://inv', 'incomplete'],
  ])('says of %j at once what it is, without asking the engine', async (text, sentence) => {
    const accept = start(refuse('timeout'))
    expect(await accept.submit(text)).toBeNull()
    expect(accept.trouble.value?.sentence).toBe(sentence)
    expect(asked).toEqual([])
  })

  it('reads from the link on which day it ran out', async () => {
    const accept = start(refuse('invite-expired'))
    await accept.submit(LINK)
    expect(accept.trouble.value).toMatchObject({ sentence: 'expired', expiredAtMs: EXPIRES_AT_MS })
  })

  it.each([
    ['invite-used', 'used'],
    ['invite-incomplete', 'incomplete'],
    ['invite-altered', 'altered'],
    ['signature-invalid', 'altered'],
    ['invite-own', 'own'],
    ['invite-unreachable', 'unreachable'],
    ['timeout', 'unreachable'],
    ['invite-revoked', 'revoked'],
    ['unsupported-version', 'newer'],
    ['relay-full', 'full'],
    ['store-damaged', 'failed'],
  ] as const)('%s becomes the sentence %s', async (code, sentence) => {
    const accept = start(refuse(code))
    await accept.submit(LINK)
    expect(accept.trouble.value).toMatchObject({ sentence, expiredAtMs: null })
  })

  it('keeps the code for Details only', async () => {
    const accept = start(refuse('invite-unreachable', 'two relays timed out'))
    await accept.submit(LINK)
    expect(accept.trouble.value?.detail).toBe('invite-unreachable: two relays timed out')
  })

  it('says after eight seconds that it is slow, and asks only once meanwhile', async () => {
    let answer: (reply: AcceptReply) => void = () => undefined
    const accept = start(() => new Promise((resolve) => (answer = resolve)))
    const first = accept.submit(LINK)
    expect(accept.progress.value).toBe('working')
    vi.advanceTimersByTime(8_000)
    expect(accept.progress.value).toBe('slow')
    expect(await accept.submit(LINK)).toBeNull()
    answer({ ok: true, value: CHAT })
    expect(await first).toBe(CHAT)
    expect(accept.progress.value).toBe('idle')
    expect(asked).toHaveLength(1)
  })

  it('forgets a sentence when the link is edited', async () => {
    const accept = start(refuse('invite-used'))
    await accept.submit(LINK)
    accept.forget()
    expect(accept.trouble.value).toBeNull()
  })
})
