/** People that sign changes of a group, each with the history he has. */

import type { AccountId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { selectBackend } from '../backend/select-backend.ts'
import {
  createCrypto,
  decodeChange,
  emptyHistory,
  generateAccount,
  generateDevice,
  signChange,
  signCreation,
  takeChanges,
} from '../index.ts'
import type { ChangeAuthor, ChangeHash, Crypto, GroupHistory, GroupOperation, Membership } from '../index.ts'
import { repeatableRandom } from './repeatable-random.ts'

const backend = await selectBackend()

interface Person {
  readonly author: ChangeAuthor
  readonly account: AccountId
}

export class World {
  readonly c: Crypto
  readonly people: readonly Person[]
  readonly #keys = new Map<AccountId, Uint8Array>()
  readonly signers = (account: AccountId): Uint8Array | undefined => this.#keys.get(account)

  constructor(seed: string, count: number) {
    this.c = createCrypto(backend, repeatableRandom(seed))
    this.people = Array.from({ length: count }, () => {
      const [{ publicKey }, device] = [generateAccount(this.c), generateDevice(this.c)]
      const account = idFromBytes<AccountId>(publicKey)
      this.#keys.set(account, device.signing.publicKey)
      const { deviceId, signing } = device
      return { account, author: { account: publicKey, deviceId, signingSecret: signing.secretKey } }
    })
  }

  person(at: number): Person {
    const person = this.people[at % this.people.length]
    if (person === undefined) throw new Error('nobody')
    return person
  }

  operation(kind: GroupOperation['kind'], at: number): GroupOperation {
    return { kind, account: this.person(at).account }
  }

  /** The first person's group, in which the first `admins` are admins and those up to `members` members. */
  create(admins: number, members: number): { readonly history: GroupHistory; readonly change: Uint8Array } {
    const operations = this.people
      .slice(0, members)
      .map((_, at) => this.operation(at < admins ? 'add-admin' : 'add', at))
    const { groupId, bytes } = signCreation(this.c, this.person(0).author, operations)
    return { history: this.take(emptyHistory(this.c, groupId), [bytes]), change: bytes }
  }

  sign(
    history: GroupHistory,
    by: number,
    operations: readonly GroupOperation[],
    parents: readonly ChangeHash[] = history.heads,
  ): Uint8Array {
    return signChange(this.c, this.person(by).author, history.groupId, { parents, operations })
  }

  take(history: GroupHistory, changes: readonly Uint8Array[]): GroupHistory {
    return takeChanges(this.c, history, changes, this.signers).history
  }

  outcome(history: GroupHistory, change: Uint8Array): string {
    const [outcome] = takeChanges(this.c, history, [change], this.signers).outcomes
    return outcome?.kind === 'refused' ? outcome.code : (outcome?.kind ?? '')
  }

  hash(change: Uint8Array): ChangeHash {
    return decodeChange(this.c, change).hash
  }

  /** 'A' admin, 'm' member, '-' neither, for each person. */
  roles({ members }: GroupHistory): string {
    return this.people.map(({ account }) => roleLetter(members, account)).join('')
  }
}

function roleLetter(members: Membership, account: AccountId): string {
  const role = members.get(account)
  return role === undefined ? '-' : role === 'admin' ? 'A' : 'm'
}
