/** Structured lines on standard error. Fields are counts and reasons: never an id, a key, an address or a PeerId. */

import { pino } from 'pino'

export interface RelayLog {
  info(event: string, fields?: Readonly<Record<string, string | number>>): void
  error(event: string, fields?: Readonly<Record<string, string | number>>): void
}

export function relayLog(): RelayLog {
  const log = pino({ base: null, messageKey: 'event' }, pino.destination({ fd: 2, sync: true }))
  return {
    info: (event, fields = {}) => {
      log.info(fields, event)
    },
    error: (event, fields = {}) => {
      log.error(fields, event)
    },
  }
}
