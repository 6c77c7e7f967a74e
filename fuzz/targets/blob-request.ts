import { idFromBytes } from '../../shared/model/ids.ts'
import type { BlobId, MailboxId } from '../../shared/model/ids.ts'
import { decodeBlobRequest, encodeBlobRequest } from '../../shared/wire/blob-stream.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, FORMAT_CODES } from '../samples.ts'

export const blobRequest = fuzzTarget({
  name: 'blob-request',
  refuses: FORMAT_CODES,
  hints: { maxBytes: 512 },
  prepare: () => {
    const blobId = idFromBytes<BlobId>(filled(16, 1))
    const readCapability = filled(32, 2)
    return {
      samples: {
        get: encodeBlobRequest({ op: 'get', blobId, readCapability, offset: 65_536 }),
        put: encodeBlobRequest({
          op: 'put',
          blobId,
          mailboxId: idFromBytes<MailboxId>(filled(32, 3)),
          token: filled(32, 4),
          sizeBytes: 1_000_000,
          sha256: filled(32, 5),
          capabilityHash: filled(32, 6),
          ttlSeconds: 86_400,
        }),
        done: encodeBlobRequest({ op: 'done', blobId, readCapability }),
      },
      decode: decodeBlobRequest,
      encode: encodeBlobRequest,
    }
  },
})
