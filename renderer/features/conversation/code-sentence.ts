/** Which sentence under `safety` the answer to a scanned code gets. */

import type { CodeComparison } from '../../../shared/model/chat.ts'
import type { ErrorCode } from '../../../shared/errors.ts'

export type CodeSentence = CodeComparison | 'notACode' | 'newer' | 'noCode' | 'noPicture' | 'failed'

export function codeSentence(answer: CodeComparison | ErrorCode): CodeSentence {
  switch (answer) {
    case 'match':
    case 'mismatch':
    case 'other-person':
      return answer
    // Too long for any code of Parley's: refused before it is read.
    case 'bad-request':
    case 'malformed':
      return 'notACode'
    case 'unsupported-version':
      return 'newer'
    default:
      return 'failed'
  }
}
