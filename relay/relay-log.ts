/** Structured lines on standard error. Fields are counts and reasons: never an id, a key, an address or a PeerId. */

import { pino } from 'pino'
import type { DestinationStream } from 'pino'

export type LogFields = Readonly<Record<string, string | number>>

export interface RelayLog {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** The name of a kind of error or request. What does not look like one may be anything, so it is not written. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/
const WITHHELD = '(withheld)'

export function relayLog(
  level: 'error' | 'info' | 'debug' = 'info',
  to: DestinationStream = pino.destination({ fd: 2, sync: true }),
): RelayLog {
  const log = pino({ base: null, messageKey: 'event', level }, to)
  return {
    debug: (event, fields = {}) => {
      log.debug(safe(fields), event)
    },
    info: (event, fields = {}) => {
      log.info(safe(fields), event)
    },
    error: (event, fields = {}) => {
      log.error(safe(fields), event)
    },
  }
}

function safe(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'number' || NAME.test(value) ? value : WITHHELD,
    ]),
  )
}
