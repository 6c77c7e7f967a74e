/** A text cut into plain parts and links. Only what the shell would open is a link. */

import { LinkifyIt } from 'linkify-it'

export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string }

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: false })
/** Beyond this much text nobody looks for links, and matching would cost frames. */
const MAX_CHARS = 20_000

export function linkParts(text: string): readonly TextPart[] {
  const matches = text.length > MAX_CHARS ? null : linkify.match(text)
  if (matches === null) return [{ kind: 'text', text }]
  const parts: TextPart[] = []
  let at = 0
  for (const match of matches) {
    if (!/^(https?|mailto):/i.test(match.url)) continue
    if (match.index > at) parts.push({ kind: 'text', text: text.slice(at, match.index) })
    // a host without a scheme: what a browser would try first
    const url = match.schema === '' ? match.url.replace(/^http:/, 'https:') : match.url
    parts.push({ kind: 'link', text: match.text, url })
    at = match.lastIndex
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) })
  return parts
}
