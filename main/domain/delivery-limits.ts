/** The numbers of delivery (docs/protocol/delivery.md). */

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS

/** A direct path that has not committed an envelope by then is helped by the relays. */
export const DIRECT_PATIENCE_MS = 3 * SECOND_MS
/** A parked envelope is asked for again after this. */
export const RESEND_AFTER_MS = MINUTE_MS
/** Ids, parked rows, old prekeys and skipped keys are kept this long. */
export const MEMORY_MS = 65 * DAY_MS
export const RELAY_TTL_SECONDS = 30 * 24 * 60 * 60
/** A deposit that ends sooner than this is made again. */
export const DEPOSIT_RENEW_MS = 2 * DAY_MS
export const INVITE_LIFE_MS = 7 * DAY_MS
export const PREKEY_BATCH = 100
export const PREKEY_REFILL_BELOW = 20
export const SIGNED_PREKEY_LIFE_MS = 7 * DAY_MS
export const MAX_OWN_RELAYS = 3
export const RECONNECT = { firstMs: SECOND_MS, maxMs: MINUTE_MS } as const
export const RELAY_RETRY = { firstMs: 2 * SECOND_MS, maxMs: 5 * MINUTE_MS } as const
export const DIRECT_RETRY = { firstMs: 5 * SECOND_MS, maxMs: 10 * MINUTE_MS } as const
/** A message is "late" when it takes a place among ones shown before and its author's clock lies this far back. */
export const LATE_AFTER_MS = MINUTE_MS
