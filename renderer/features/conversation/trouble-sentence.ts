/** Which sentence under `trouble` a code gets. */

const SENTENCES = [
  'file-empty',
  'file-gone',
  'file-unreadable',
  'file-too-large',
  'disk-full',
  'blocked',
  'key-not-confirmed',
  'not-ready',
] as const

export type TroubleSentence = (typeof SENTENCES)[number] | 'other'

export function troubleSentence(code: string): TroubleSentence {
  return SENTENCES.find((known) => known === code) ?? 'other'
}
