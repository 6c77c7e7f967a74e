import { ParleyError } from '../shared/errors.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { Refusal } from '../shared/wire/relay-codes.ts'

/** A request that is not carried out, with when to try again. */
export class Refused extends ParleyError {
  readonly retryAfterSeconds: number

  constructor(code: ErrorCode, detail: string, retryAfterSeconds = 0) {
    super(code, detail)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function refusalOf(error: ParleyError): Refusal {
  return { code: error.code, retryAfterSeconds: error instanceof Refused ? error.retryAfterSeconds : 0 }
}
