/** The state of accepting one invite: what is wrong with the link, or how far the engine is. */

import { onScopeDispose, ref } from 'vue'
import type { Ref } from 'vue'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { ChatView } from '../../../shared/model/chat.ts'
import { acceptSentence } from './accept-sentence.ts'
import type { AcceptSentence } from './accept-sentence.ts'
import { inviteExpiryMs } from './invite-link-date.ts'
import { readPastedText } from './pasted-text.ts'
import type { PastedText } from './pasted-text.ts'

/** From then on the wait says that slow networks are slow. */
const SLOW_AFTER_MS = 8_000

export type AcceptReply =
  | { readonly ok: true; readonly value: ChatView }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string }

export interface AcceptTrouble {
  readonly sentence: AcceptSentence | 'empty'
  /** Only with `expired`, when the link says it. */
  readonly expiredAtMs: number | null
  /** The code, for Details; empty when the engine was not asked. */
  readonly detail: string
}

export interface AcceptInvite {
  readonly progress: Readonly<Ref<'idle' | 'working' | 'slow'>>
  readonly trouble: Readonly<Ref<AcceptTrouble | null>>
  /** What was typed since makes the last sentence stale. */
  readonly forget: () => void
  /** The chat; null: `trouble` now says why not. */
  readonly submit: (text: string) => Promise<ChatView | null>
}

/** Inside a component's setup: the timer ends with it. */
export function useAcceptInvite(accept: (link: string) => Promise<AcceptReply>): AcceptInvite {
  const progress = ref<'idle' | 'working' | 'slow'>('idle')
  const trouble = ref<AcceptTrouble | null>(null)
  let slowTimer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(slowTimer))

  async function submit(text: string): Promise<ChatView | null> {
    if (progress.value !== 'idle') return null
    const pasted = readPastedText(text)
    trouble.value = troubleOf(pasted)
    if (pasted.kind !== 'invite') return null
    progress.value = 'working'
    slowTimer = setTimeout(() => (progress.value = 'slow'), SLOW_AFTER_MS)
    const reply = await accept(pasted.link)
    clearTimeout(slowTimer)
    progress.value = 'idle'
    if (reply.ok) return reply.value
    const sentence = acceptSentence(reply.code)
    trouble.value = {
      sentence,
      expiredAtMs: sentence === 'expired' ? inviteExpiryMs(pasted.link) : null,
      detail: reply.detail === '' ? reply.code : `${reply.code}: ${reply.detail}`,
    }
    return null
  }

  return { progress, trouble, forget: () => (trouble.value = null), submit }
}

function troubleOf(pasted: PastedText): AcceptTrouble | null {
  const plain = (sentence: AcceptTrouble['sentence']): AcceptTrouble => ({ sentence, expiredAtMs: null, detail: '' })
  switch (pasted.kind) {
    case 'invite':
      return null
    case 'empty':
      return plain('empty')
    case 'part':
      return plain('incomplete')
    case 'relay-address':
      return plain('relayAddress')
    case 'other':
      return plain('notALink')
  }
}
