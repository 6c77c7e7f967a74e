/** What lies in a relay's data folder, by name. docs/relay.md, "The data folder". */

export const RELAY_KEY_FILE = 'relay.key'
export const LIBP2P_KEY_FILE = 'libp2p.key'
export const DATABASE_FILE = 'relay.db'
export const INVITES_FILE = 'operator.db'
export const BLOBS_DIR = 'blobs'
export const LOCK_FILE = 'lock'
/** The relay's time, for the next start to compare with. */
export const CLOCK_FILE = 'clock'
/** Room that is given up when the disk is full. */
export const RESERVE_FILE = 'reserve'
export const INCARNATION_FILE = 'incarnation'
/** What people paste into Settings, as of the last start: `parley-relay address` prints it. */
export const ADDRESS_FILE = 'relay-address'
/** Where the operator's port is while the relay runs: `parley-relay stats` asks there. */
export const OPERATOR_FILE = 'operator-address'
