/** Two ends of a session at the points where tests begin. */

import type { Crypto } from '../index.ts'
import { KEM_DUE_MESSAGES } from '../kem-ratchet.ts'
import { bytes, meet } from './devices.ts'
import type { SessionEnd } from './devices.ts'

interface Ends {
  readonly alice: SessionEnd
  readonly bob: SessionEnd
}

/** Both have spoken: neither repeats the handshake. */
export function talking(c: Crypto): Ends {
  const ends = meet(c)
  ends.alice.receive(ends.bob.send(bytes('hi')))
  return ends
}

/** Alice has said so much that Bob's next message offers an ML-KEM key. */
export function beforeTheOffer(c: Crypto): Ends {
  const { alice, bob } = talking(c)
  while (bob.session.sinceKem < KEM_DUE_MESSAGES - 1) bob.receive(alice.send(bytes('more')))
  alice.receive(bob.send(bytes('not yet')))
  if (bob.session.kem.kind !== 'none') throw new Error('an offer too early')
  bob.receive(alice.send(bytes('the turn')))
  if (bob.session.kem.kind !== 'offer') throw new Error('no offer')
  return { alice, bob }
}

/** Bob has offered, and Alice's next message answers. */
export function beforeTheAnswer(c: Crypto): Ends {
  const { alice, bob } = beforeTheOffer(c)
  alice.receive(bob.send(bytes('offer')))
  if (alice.session.kem.kind !== 'answer') throw new Error('no answer')
  return { alice, bob }
}
