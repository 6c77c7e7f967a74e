/** Events of the engine, one JSON line each. Fields are counts, codes and versions: never names, texts, keys, addresses or ids. */

import { pino } from 'pino'
import type { Logger } from '../ports/runtime.ts'

export function engineLog(options: { readonly level: string }): Logger {
  const log = pino({ level: options.level, base: null }, pino.destination({ fd: 2, sync: true }))
  return {
    info: (event, fields = {}) => {
      log.info(fields, event)
    },
    warn: (event, fields = {}) => {
      log.warn(fields, event)
    },
  }
}
