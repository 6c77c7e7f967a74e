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
  expectStep(bob, 'none')
  bob.receive(alice.send(bytes('the turn')))
  expectStep(bob, 'offer')
  return { alice, bob }
}

/** Bob has offered, and Alice's next message answers. */
export function beforeTheAnswer(c: Crypto): Ends {
  const { alice, bob } = beforeTheOffer(c)
  alice.receive(bob.send(bytes('offer')))
  expectStep(alice, 'answer')
  return { alice, bob }
}

function expectStep({ session }: SessionEnd, kind: 'none' | 'offer' | 'answer'): void {
  if (session.kem.kind !== kind) throw new Error(`the step is ${session.kem.kind} and not ${kind}`)
}
