/** What a relay is like at one moment, and whether it takes work. */

/** `draining`: what is under way is answered, nothing new is taken. */
export type RelayState = 'starting' | 'running' | 'draining'

export interface Gauges {
  readonly connections: number
  /** Owners who are connected now. */
  readonly owners: number
  /** Writes that wait for the disk. */
  readonly writesUnderWay: number
  readonly mailboxes: number
  /** Envelopes that wait for their owners. */
  readonly envelopes: number
  readonly envelopeBytes: number
  readonly freeDiskBytes: number
  /** Below this, nothing new is taken. */
  readonly minFreeDiskBytes: number
}

/** What the operator's port asks the relay. */
export interface RelayWatch {
  readonly state: RelayState
  gauges(): Gauges
  /** The store answers. @throws Error */
  probe(): Promise<void>
}
