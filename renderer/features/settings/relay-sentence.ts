/** What the list of relays says, from the facts of `NetworkView`. Keys are those of `settings.network`. */

import type { ErrorCode } from '../../../shared/errors.ts'
import type { RelayView } from '../../../shared/model/chat.ts'

export type RelaySentence =
  | { readonly key: 'connecting' | 'connected' | 'lying' | 'restarting' }
  | { readonly key: 'answered'; readonly ms: number }
  | { readonly key: 'answeredHolds'; readonly ms: number; readonly count: number }
  | { readonly key: 'connectedHolds' | 'noAnswerMany'; readonly count: number; readonly sinceMs?: number }
  | {
      readonly key: 'noAnswer' | 'noAnswerAlone' | 'noAnswerOne' | 'noAnswerTwo'
      readonly sinceMs: number
    }
  | { readonly key: RefusedSentence; readonly sinceMs: number }

type RefusedSentence =
  'refused' | 'refusedFull' | 'refusedInvite' | 'refusedToken' | 'refusedLimited' | 'refusedVersion'

/** Whether this line tells of trouble and is set off from the quiet ones. */
export function isTrouble(relay: RelayView): boolean {
  return relay.state === 'unreachable' || relay.state === 'refused'
}

/** One line about a relay; about an unreachable one also what the others of the list do meanwhile. */
export function relaySentence(relay: RelayView, all: readonly RelayView[]): RelaySentence {
  switch (relay.state) {
    case 'connecting':
      return { key: 'connecting' }
    case 'connected':
      return connectedSentence(relay)
    case 'refused':
      return refusedSentence(relay)
    case 'unreachable':
      if (relay.failure === 'relay-stops') return { key: 'restarting' }
      return relay.failure === 'relay-lying' ? { key: 'lying' } : unreachableSentence(relay, all)
  }
}

function connectedSentence({ roundTripMs, heldCount }: RelayView): RelaySentence {
  if (roundTripMs === null) return heldCount === 0 ? { key: 'connected' } : { key: 'connectedHolds', count: heldCount }
  const ms = Math.round(roundTripMs)
  return heldCount === 0 ? { key: 'answered', ms } : { key: 'answeredHolds', ms, count: heldCount }
}

const REFUSED_SENTENCES: Partial<Record<ErrorCode, RefusedSentence>> = {
  'relay-full': 'refusedFull',
  'relay-quota': 'refusedFull',
  'token-revoked': 'refusedToken',
  'relay-invite-needed': 'refusedInvite',
  'rate-limited': 'refusedLimited',
  'unsupported-version': 'refusedVersion',
}

function refusedSentence({ failure, sinceMs }: RelayView): RelaySentence {
  if (failure === 'relay-lying') return { key: 'lying' }
  return { key: (failure === null ? undefined : REFUSED_SENTENCES[failure]) ?? 'refused', sinceMs }
}

function unreachableSentence(relay: RelayView, all: readonly RelayView[]): RelaySentence {
  const { sinceMs } = relay
  const others = all.filter((other) => other.relayId !== relay.relayId)
  const holding = others.filter((other) => other.state === 'connected').length
  if (holding === 0) return { key: others.length === 0 ? 'noAnswerAlone' : 'noAnswer', sinceMs }
  // "the other two" would promise too much if one of the two were silent as well
  if (holding < others.length) return { key: 'noAnswer', sinceMs }
  if (holding === 1) return { key: 'noAnswerOne', sinceMs }
  return holding === 2 ? { key: 'noAnswerTwo', sinceMs } : { key: 'noAnswerMany', count: holding, sinceMs }
}

/** The line beside the heading of the list. Null: there is no relay to speak of. */
export type RelaysSummary = 'enough' | 'tooFew' | 'oneAnswers' | 'noneAnswers'

export function relaysSummary(relays: readonly RelayView[]): RelaysSummary | null {
  const answering = relays.filter((relay) => relay.state === 'connected').length
  if (relays.length === 0) return null
  if (answering === 0) return 'noneAnswers'
  if (relays.length === 1) return 'oneAnswers'
  const majority = Math.floor(relays.length / 2) + 1
  return answering >= majority ? 'enough' : 'tooFew'
}

/** Of `settings.network.addError`. */
export type AddRelaySentence =
  | 'malformed'
  | 'invite'
  | 'unreachable'
  | 'refused'
  | 'inviteNeeded'
  | 'lying'
  | 'full'
  | 'limited'
  | 'newer'
  | 'notReady'
  | 'diskFull'
  | 'failed'

const ADD_SENTENCES: Partial<Record<ErrorCode, AddRelaySentence>> = {
  malformed: 'malformed',
  'bad-request': 'malformed',
  unreachable: 'unreachable',
  timeout: 'unreachable',
  'relay-stops': 'unreachable',
  'relay-refused': 'refused',
  'relay-invite-needed': 'inviteNeeded',
  'relay-lying': 'lying',
  'signature-invalid': 'lying',
  'relay-full': 'full',
  'relay-quota': 'full',
  'rate-limited': 'limited',
  'unsupported-version': 'newer',
  'not-ready': 'notReady',
  'disk-full': 'diskFull',
}

export function addRelaySentence(code: ErrorCode): AddRelaySentence {
  return ADD_SENTENCES[code] ?? 'failed'
}
