import { idFromBytes } from '../../shared/model/ids.ts'
import type { EnvelopeId, MailboxId, RelayId } from '../../shared/model/ids.ts'
import { decodeReceipt, encodeReceipt, isReceiptProven, provenReceipts } from '../../shared/wire/relay-receipt.ts'
import type { HeldKind } from '../../shared/wire/relay-receipt.ts'
import { fuzzTarget } from '../engine/target.ts'
import { cryptoOf, filled, FORMAT_CODES, SOME_TIME_MS } from '../samples.ts'

/** What was decoded is led up its tree too: no path may be too short for its place. */
export const relayReceipt = fuzzTarget({
  name: 'relay-receipt',
  refuses: FORMAT_CODES,
  prepare: () => {
    const { sha256 } = cryptoOf('relay-receipt').backend
    const receiptOf = (kind: HeldKind, leafCount: number, index: number): Uint8Array => {
      const held = Array.from({ length: leafCount }, (_, leaf) => ({
        mailboxId: idFromBytes<MailboxId>(filled(32, leaf)),
        subject: idFromBytes<EnvelopeId>(filled(16, leaf)),
        storedAtMs: SOME_TIME_MS,
        expiresAtMs: SOME_TIME_MS + leaf,
      }))
      const batch = { kind, relayId: idFromBytes<RelayId>(filled(32, 9)), held }
      const receipts = provenReceipts({ ...batch, signature: filled(64, 8) }, sha256, () => true)
      const receipt = receipts?.[index]
      if (receipt === undefined) throw new Error('no such receipt')
      return encodeReceipt(receipt)
    }
    return {
      samples: {
        alone: receiptOf('envelope', 1, 0),
        'one-of-five': receiptOf('blob', 5, 2),
        'last-of-five': receiptOf('envelope', 5, 4),
        'one-of-256': receiptOf('envelope', 256, 100),
      },
      decode: (input) => {
        const receipt = decodeReceipt(input)
        isReceiptProven(receipt, sha256, () => true)
        return receipt
      },
      encode: encodeReceipt,
    }
  },
})
