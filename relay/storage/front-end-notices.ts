/** What front ends tell each other through the store's NOTIFY, as text. Lost ones cost time and nothing else. */

import type { MailboxId } from '../../shared/model/ids.ts'

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_TEXT = 7_900

export type Notice =
  /** The list of front ends is another. */
  | { readonly kind: 'list' }
  /** Something was deposited for these. */
  | { readonly kind: 'deposited'; readonly mailboxIds: readonly MailboxId[] }
  /** These have few prekeys left. */
  | { readonly kind: 'stock'; readonly mailboxIds: readonly MailboxId[] }
  /** Their owners connected there; of two claims the higher one is the later. */
  | { readonly kind: 'owned'; readonly claims: readonly (readonly [mailboxId: MailboxId, claim: number])[] }

const KINDS = { d: 'deposited', s: 'stock', o: 'owned', l: 'list' } as const
const LETTERS = { deposited: 'd', stock: 's', owned: 'o', list: 'l' } as const

/** As many texts as it takes: `d FRONT_END ID ID …`, `o FRONT_END ID:CLAIM …`. */
export function noticeTexts(frontEndId: string, notice: Notice): readonly string[] {
  const head = `${LETTERS[notice.kind]} ${frontEndId}`
  if (notice.kind === 'list') return [head]
  const words = notice.kind === 'owned' ? notice.claims.map(([id, claim]) => `${id}:${claim}`) : notice.mailboxIds
  const texts: string[] = []
  let text = head
  for (const word of words) {
    if (text.length + 1 + word.length > MAX_TEXT) {
      texts.push(text)
      text = head
    }
    text += ` ${word}`
  }
  return words.length === 0 ? [] : [...texts, text]
}

/** Null: from this front end itself, or nothing that this version knows. */
export function readNotice(frontEndId: string, text: string): Notice | null {
  const [letter = '', from, ...words] = text.split(' ')
  if (from === frontEndId || !(letter === 'd' || letter === 's' || letter === 'o' || letter === 'l')) return null
  const kind = KINDS[letter]
  if (kind === 'list') return { kind }
  if (kind !== 'owned') return { kind, mailboxIds: words as MailboxId[] }
  const claims = words.map((word) => {
    const [id = '', claim] = word.split(':')
    return [id as MailboxId, Number(claim)] as const
  })
  return { kind, claims: claims.filter(([, claim]) => Number.isSafeInteger(claim)) }
}
