/** What the group targets stand on: Alice, who made the group and spoke, and Bob, who heard her. */

import { decodeDistribution, receiverChain } from '../main/crypto/index.ts'
import type { Crypto } from '../main/crypto/index.ts'
import { add, addAdmin, Directory, TestMember } from '../main/crypto/testing/group-members.ts'
import { cryptoOf } from './samples.ts'

export interface SampleGroup {
  readonly c: Crypto
  readonly alice: TestMember
  readonly bob: TestMember
  readonly posted: ReturnType<TestMember['send']>
}

export function sampleGroup(seed: string): SampleGroup {
  const c = cryptoOf(seed)
  const directory = new Directory()
  const [alice, bob, carol] = [new TestMember(c, directory), new TestMember(c, directory), new TestMember(c, directory)]
  alice.create([...addAdmin(bob), ...add(carol)])
  bob.join(alice)
  const posted = alice.send('hello')
  bob.hear(posted)
  return { c, alice, bob, posted }
}

export function ownChain({ alice }: SampleGroup) {
  const { own } = alice.group
  if (own === null) throw new Error('she spoke')
  return own.chain
}

export function receivedChain({ c, alice, posted }: SampleGroup) {
  const distribution = decodeDistribution(posted.distribution)
  return receiverChain(c, distribution, { groupId: distribution.groupId, ...alice.self })
}
