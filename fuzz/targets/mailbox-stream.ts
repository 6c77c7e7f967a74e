import { ParleyError } from '../../shared/errors.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import type { EnvelopeId } from '../../shared/model/ids.ts'
import { fuzzTarget } from '../engine/target.ts'
import { framedRequests, FuzzedRelay, LOOKUP_ID, MAILBOX_ID, TOKEN } from '../mailbox-relay.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

const mailboxId = MAILBOX_ID
const target = { mailboxId, token: TOKEN, ttlSeconds: 86_400 }
const envelopeIds = [idFromBytes<EnvelopeId>(filled(16, 7))]
const challenge = { bits: 0, expiresAtMs: SOME_TIME_MS, seal: filled(32, 8) }

/** Frames of whatever bytes, to a relay whose owner is on the stream: each is answered, or the stream ends; none is a bug. */
export const mailboxStream = fuzzTarget({
  name: 'mailbox-stream',
  refuses: ['malformed'],
  hints: { maxBytes: 4_096 },
  memoryBytes: 16 * 1024 * 1024,
  prepare: () => {
    const relay = new FuzzedRelay()
    return {
      samples: {
        owner: framedRequests(
          {
            type: 'put-directory',
            lookupId: LOOKUP_ID,
            replace: true,
            items: [filled(9, 1)],
            lastResort: filled(9, 2),
          },
          { type: 'put-invite', slotId: filled(32, 9), expiresAtMs: SOME_TIME_MS + 60_000, item: filled(20, 10) },
          { type: 'close-invite', slotId: filled(32, 9) },
          { type: 'acknowledge', envelopeIds },
          { type: 'acknowledge-range', from: 1, to: 3 },
          { type: 'revoke-tokens', hashes: [filled(32, 11)] },
          { type: 'set-door', open: true },
        ),
        questions: framedRequests({ type: 'usage' }, { type: 'allowance' }, { type: 'turn' }, { type: 'ping' }),
        close: framedRequests({ type: 'close-mailbox' }, { type: 'usage' }),
        sender: framedRequests(
          { type: 'deposit', entries: [{ envelope: filled(60, 12), targets: [target, target] }] },
          { type: 'take-directory', lookupId: LOOKUP_ID },
          { type: 'take-invite', slotId: filled(32, 9), takerNonce: filled(16, 13) },
        ),
        stranger: framedRequests(
          { type: 'ask-door', mailboxId, envelopeId: idFromBytes<EnvelopeId>(filled(16, 14)) },
          {
            type: 'deposit-at-door',
            ...{ challenge, solution: filled(8, 15), mailboxId, ttlSeconds: 60, envelope: filled(30, 16) },
          },
        ),
      },
      decode: async (input) => {
        const answers = await relay.serve(input)
        const parting = answers.find((answer) => answer.type === 'error' && answer.requestId === 0)
        if (parting !== undefined) throw new ParleyError('malformed', 'the stream ended')
        return answers
      },
    }
  },
})
