/** The numbers as JSON: what `parley-relay stats` prints. */

import { COUNTED } from '../metrics.ts'
import type { Meter } from '../metrics.ts'
import type { Gauges, RelayState } from './gauges.ts'
import type { Minute } from './history.ts'

export interface RelayStats {
  readonly state: RelayState
  readonly startedAtMs: number
  readonly nowMs: number
  readonly totals: Readonly<Record<string, number>>
  readonly refusals: Readonly<Record<string, number>>
  readonly gauges: Gauges
  readonly lastMinute: Minute | null
}

export function statsOf(parts: {
  readonly state: RelayState
  readonly startedAtMs: number
  readonly nowMs: number
  readonly meter: Meter
  readonly gauges: Gauges
  readonly lastMinute: Minute | null
}): RelayStats {
  const { meter, ...rest } = parts
  return {
    ...rest,
    totals: Object.fromEntries(COUNTED.map((name) => [name, meter.total(name)])),
    refusals: Object.fromEntries(meter.refusals),
  }
}
