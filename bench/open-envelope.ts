/**
 * How long an engine with 500 contacts of six sessions each takes to find the session of an envelope and to open it: the real
 * store (encrypted SQLite), the relay's handle narrowed it down to one contact, and the session it belongs to is the one that
 * is tried last. The time runs from the envelope to the advanced session written in the transaction, without the flush of its commit.
 */
import { encryptMessage, selectBackend } from '../main/crypto/index.ts'
import { openEnvelope } from '../main/services/session-box.ts'
import { storeWithSessions } from '../main/testing/store-with-sessions.ts'
import type { Peer, StoreWithSessions } from '../main/testing/store-with-sessions.ts'
import { durationMetric, interleaved, median, say, WrongResult } from './harness.ts'
import type { BenchOptions, Measured } from './harness.ts'

const CONTACTS = 500
const QUICK_CONTACTS = 50
const SESSIONS_EACH = 6
const GOAL_MS = 1
const CONTENT = new Uint8Array(200).fill(7)

const openOne = ({ core }: StoreWithSessions, peer: Peer): number => {
  // Sessions are tried newest first.
  const [oldest] = peer.sessions
  if (oldest === undefined) throw new Error('a session')
  const { envelope } = encryptMessage(core.crypto, oldest, CONTENT)
  let tookMs = 0
  core.store.transaction(() => {
    const startMs = performance.now()
    const opened = openEnvelope(core, core.store.contacts.byHandle(peer.contact.ownHandle), envelope)
    if (opened === null || opened.plaintext.length !== CONTENT.length) throw new WrongResult('it did not open')
    opened.persist(peer.contact.contactId)
    tookMs = performance.now() - startMs
  })
  return tookMs
}

/** Part of `bench:sessions`. @throws WrongResult */
export const measureOpenEnvelope = async (options: BenchOptions): Promise<Measured> => {
  const contacts = options.quick ? QUICK_CONTACTS : CONTACTS
  say(`open envelope: ${contacts} contacts of ${SESSIONS_EACH} sessions`)
  // Each round opens the first message of a session in a store of its own: the next one would be the newest, and tried first.
  const samples = await interleaved(options.rounds, async () => {
    const made = await storeWithSessions(await selectBackend(), { contacts, sessionsEach: SESSIONS_EACH })
    try {
      return median(made.peers.map((peer) => openOne(made, peer)))
    } finally {
      await made.close()
    }
  })
  return { metrics: [durationMetric('open_500_contacts_ms', GOAL_MS, samples)], skipped: [] }
}
