/** Whatever a network library throws, as one of the two things a person can be told. */

import { isParleyError, ParleyError } from '../../shared/errors.ts'

export function networkFailure(error: unknown): ParleyError {
  if (isParleyError(error)) return error
  const name = error instanceof Error ? error.name : ''
  const timedOut = name === 'TimeoutError' || name === 'AbortError'
  return new ParleyError(timedOut ? 'timeout' : 'unreachable', name, { cause: error })
}
