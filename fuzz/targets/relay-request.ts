import { idFromBytes } from '../../shared/model/ids.ts'
import type { EnvelopeId, MailboxId } from '../../shared/model/ids.ts'
import { decodeRequest, encodeRequest } from '../../shared/wire/relay-requests.ts'
import type { RelayRequest } from '../../shared/wire/relay-requests.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, SOME_TIME_MS } from '../samples.ts'

const mailboxId = idFromBytes<MailboxId>(filled(32, 1))
const envelopeIds = [idFromBytes<EnvelopeId>(filled(16, 2)), idFromBytes<EnvelopeId>(filled(16, 3))]
const target = { mailboxId, token: filled(32, 4), ttlSeconds: 86_400 }

const REQUESTS: readonly RelayRequest[] = [
  { type: 'hello', minVersion: 1, maxVersion: 1 },
  {
    type: 'own',
    mailboxPublic: filled(32, 5),
    signature: filled(64, 6),
    creditBytes: 1_000_000,
    admission: filled(16, 7),
  },
  { type: 'put-tokens', tokens: [{ hash: filled(32, 8), handle: filled(4, 9) }] },
  { type: 'revoke-tokens', hashes: [filled(32, 10), filled(32, 11)] },
  {
    type: 'put-directory',
    lookupId: filled(32, 12),
    replace: true,
    items: [filled(20, 13), filled(20, 14)],
    lastResort: filled(20, 15),
  },
  { type: 'put-invite', slotId: filled(32, 16), expiresAtMs: SOME_TIME_MS, item: filled(40, 17) },
  { type: 'close-invite', slotId: filled(32, 18) },
  { type: 'acknowledge', envelopeIds },
  { type: 'usage' },
  { type: 'ping' },
  {
    type: 'deposit',
    entries: [
      { envelope: filled(30, 19), targets: [target, target] },
      { envelope: filled(20, 20), targets: [target] },
    ],
  },
  { type: 'take-directory', lookupId: filled(32, 21) },
  { type: 'take-invite', slotId: filled(32, 22), takerNonce: filled(16, 23) },
  { type: 'acknowledge-range', from: 3, to: 70_000 },
  { type: 'turn' },
  { type: 'allowance' },
  { type: 'set-door', open: false },
  { type: 'close-mailbox' },
  { type: 'ask-door', mailboxId, envelopeId: idFromBytes<EnvelopeId>(filled(16, 24)) },
  {
    type: 'deposit-at-door',
    challenge: { bits: 18, expiresAtMs: SOME_TIME_MS, seal: filled(32, 25) },
    solution: filled(8, 26),
    mailboxId,
    ttlSeconds: 86_400,
    envelope: filled(40, 27),
  },
]

export const relayRequest = fuzzTarget({
  name: 'relay-request',
  refuses: ['malformed'],
  hints: { maxBytes: 262_144 },
  prepare: () => ({
    samples: Object.fromEntries(REQUESTS.map((request, index) => [request.type, encodeRequest(index + 1, request)])),
    decode: decodeRequest,
    encode: ({ requestId, request }) => encodeRequest(requestId, request),
  }),
})
