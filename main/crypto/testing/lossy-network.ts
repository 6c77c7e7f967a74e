/**
 * Two to four devices of two accounts over a network that loses, shuffles, doubles, damages and misdelivers, and
 * devices that go back to a backup. What must hold is checked at each step; what breaks it throws.
 */

import { isParleyError } from '../../../shared/errors.ts'
import { equalBytes } from '../../../shared/wire/bytes.ts'
import type { Backend } from '../backend/backend.ts'
import { createCrypto, envelopeKind } from '../index.ts'
import { bytes, NOW_MS, text, withBitFlipped } from './devices.ts'
import { repeatableRandom } from './repeatable-random.ts'
import { Directory, SesameDevice } from './sesame-device.ts'
import type { Received, SesameParty, SesameState } from './sesame-device.ts'

/** One envelope. A message that is sent again is another one with the same message id. */
export interface Sent {
  readonly from: Member
  readonly to: Member
  readonly messageId: string
  readonly plaintext: string
  readonly envelope: Uint8Array
}

/** What a device remembers beside its sessions; a restored backup takes it back too. */
interface Memory {
  /** Plaintexts: one of each envelope that was accepted. */
  readonly accepted: Set<string>
  /** Message ids that are shown. */
  readonly shown: Set<string>
  /** Message ids and who they are for. */
  readonly outbox: Map<string, Member>
}

interface Backup {
  readonly state: SesameState
  readonly memory: Memory
}

export class Member {
  readonly account: string
  readonly device: SesameDevice
  memory: Memory = { accepted: new Set(), shown: new Set(), outbox: new Map() }
  backup: Backup | null = null
  /** Whether it has lost keys on purpose (a backup, a pruned session, a late chain): what it is sent may stay closed. */
  hasLostKeys = false

  constructor(account: string, device: SesameDevice) {
    this.account = account
    this.device = device
  }
}

export class LossyNetwork {
  readonly members: readonly Member[]
  /** Post-quantum steps that were completed. */
  kemSteps = 0
  readonly #directory = new Directory()
  readonly #sent = new Map<string, Sent>()
  #inFlight: readonly Sent[] = []
  #nowMs = NOW_MS
  #messages = 0

  /** @param accounts the devices of each account */
  constructor(backend: Backend, seed: string, accounts: readonly (readonly SesameParty[])[]) {
    const c = createCrypto(sealingOnce(backend), repeatableRandom(seed, backend.sha256))
    this.members = accounts.flatMap((parties, account) =>
      parties.map((party) => new Member(`account ${account}`, new SesameDevice(c, party))),
    )
  }

  get inFlight(): readonly Sent[] {
    return this.#inFlight
  }

  peersOf(member: Member): readonly Member[] {
    return this.members.filter(({ account }) => account !== member.account)
  }

  wait(durationMs: number): void {
    this.#nowMs += durationMs
  }

  /** A message into the network; a session is started when there is none. */
  send(from: Member, to: Member, messageId = `message ${this.#messages++}`): Sent {
    if (from.device.sessionIds(to.device.id).length === 0) this.archive(from, to)
    const plaintext = `${messageId}, envelope ${this.#sent.size}`
    const sent = { from, to, messageId, plaintext, envelope: from.device.send(to.device.id, bytes(plaintext)) }
    from.memory.outbox.set(messageId, to)
    this.#sent.set(plaintext, sent)
    this.#inFlight = [...this.#inFlight, sent]
    return sent
  }

  /** `SessionStarter.start`: a fresh session becomes the current one. */
  archive(from: Member, to: Member): void {
    from.device.archive(to.device.party, this.#directory.take(to.device.party), this.#nowMs)
    this.#checkSessions(from)
  }

  drop(sent: Sent): void {
    this.#inFlight = this.#inFlight.filter((item) => item !== sent)
  }

  /** @param pick which of the orders */
  shuffle(pick: number): void {
    const rest = [...this.#inFlight]
    const order: Sent[] = []
    for (let left = pick; rest.length > 0; left = (left * 31 + 7) % 1_000_003) {
      order.push(...rest.splice(left % rest.length, 1))
    }
    this.#inFlight = order
  }

  /** A copy arrives. Whether it was accepted. */
  arrive(sent: Sent): boolean {
    const { from, to, plaintext } = sent
    const isAgain = to.memory.accepted.has(plaintext)
    const accepted = this.#deliver(sent.envelope, to)
    if (accepted) must(!isAgain, 'an envelope is accepted once')
    else must(isAgain || from.hasLostKeys || to.hasLostKeys, 'what nobody lost the keys of opens')
    return accepted
  }

  arriveDamaged(sent: Sent, bit: number): void {
    const damaged = withBitFlipped(sent.envelope, bit % (sent.envelope.length * 8))
    must(!this.#deliver(damaged, sent.to), 'a damaged envelope is refused')
  }

  arriveAtWrong(sent: Sent, member: Member): void {
    must(member === sent.to || !this.#deliver(sent.envelope, member), 'the envelope of another is refused')
  }

  snapshot({ device, memory }: Member): Backup {
    return { state: device.state, memory: copyOf(memory) }
  }

  restore(member: Member, { state, memory }: Backup): void {
    member.device.restore(state)
    member.memory = copyOf(memory)
    member.hasLostKeys = true
  }

  /**
   * All that was not dropped arrives, the newest first; what did not get through is sent again under its message id over a
   * fresh session; then all talk.
   */
  heal(): void {
    for (const sent of [...this.#inFlight].reverse()) this.#arriveAndLeave(sent)
    for (const from of this.members) for (const to of this.peersOf(from)) this.#resend(from, to)
    for (const { memory } of this.members) {
      for (const [messageId, to] of memory.outbox) must(to.memory.shown.has(messageId), 'what was sent is there')
    }
    this.converge()
  }

  #resend(from: Member, to: Member): void {
    const missing = [...from.memory.outbox].filter(([id, peer]) => peer === to && !to.memory.shown.has(id))
    if (missing.length === 0) return
    this.archive(from, to)
    const again = missing.map(([messageId]) => this.send(from, to, messageId))
    for (const sent of again.reverse()) must(this.#arriveAndLeave(sent), 'a fresh session is understood')
  }

  /** Every two devices come to one session, and stay with it. */
  converge(): void {
    for (const [a, b] of this.pairs()) {
      this.#getThrough(a, b)
      this.#getThrough(b, a)
      const session = this.currentOf(a, b)
      must(session !== undefined && session === this.currentOf(b, a), 'both have the same current session')
      this.talk(a, b)
      must(session === this.currentOf(a, b) && session === this.currentOf(b, a), 'both stay with it')
    }
  }

  /** Both hear each other at once, in sessions that both have. */
  talk(a: Member, b: Member): void {
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const sent = this.send(from, to)
      must(envelopeKind(sent.envelope) === 'message', 'who was answered shakes hands no more')
      must(this.#arriveAndLeave(sent), 'they hear each other')
    }
  }

  pairs(): readonly (readonly [Member, Member])[] {
    return this.members.flatMap((a, at) =>
      this.peersOf(a).flatMap((b) => (this.members.indexOf(b) > at ? [[a, b] as const] : [])),
    )
  }

  currentOf(member: Member, peer: Member): string | undefined {
    return member.device.sessionIds(peer.device.id)[0]
  }

  /** What one who lost keys does not open is sent again over a fresh session. */
  #getThrough(from: Member, to: Member): void {
    const sent = this.send(from, to)
    if (this.#arriveAndLeave(sent)) return
    this.#resend(from, to)
  }

  #arriveAndLeave(sent: Sent): boolean {
    this.drop(sent)
    return this.arrive(sent)
  }

  /** Whether it was accepted. What is accepted was sent by that device to this one; what is refused changes nothing. */
  #deliver(envelope: Uint8Array, to: Member): boolean {
    this.#nowMs += 1
    const before = to.device.image
    const received = attempt(() => to.device.receive(envelope, this.#nowMs))
    if (received === null) {
      must(equalBytes(before, to.device.image), 'what is refused changes nothing')
      return false
    }
    const plaintext = text(received.plaintext)
    const sent = this.#sent.get(plaintext)
    must(sent !== undefined && sent.to === to && sent.from.device.id === received.from, 'what is accepted was sent')
    must(sent !== undefined && equalBytes(sent.envelope, envelope), 'as it was sent')
    must(!to.memory.accepted.has(plaintext), 'at most once')
    to.memory.accepted.add(plaintext)
    if (sent !== undefined) to.memory.shown.add(sent.messageId)
    if (received.kemStep) this.kemSteps += 1
    if (received.isFullOfLateChains) to.hasLostKeys = true
    this.#checkSessions(to)
    return true
  }

  #checkSessions(member: Member): void {
    if (member.device.pruned > 0) member.hasLostKeys = true
    const kept = this.peersOf(member).map((peer) => member.device.sessionIds(peer.device.id).length)
    must(Math.max(...kept) <= 6, 'the current session and five previous ones')
  }
}

/** Null: refused. */
function attempt(receive: () => Received): Received | null {
  try {
    return receive()
  } catch (error) {
    if (!isParleyError(error)) throw error
    return null
  }
}

function copyOf({ accepted, shown, outbox }: Memory): Memory {
  return { accepted: new Set(accepted), shown: new Set(shown), outbox: new Map(outbox) }
}

/** No key seals twice with one nonce, whatever is restored. */
function sealingOnce(backend: Backend): Backend {
  const used = new Set<string>()
  return {
    ...backend,
    seal: (key, nonce, ad, plaintext) => {
      const pair = `${Buffer.from(key).toString('latin1')}${Buffer.from(nonce).toString('latin1')}`
      must(!used.has(pair), 'a key seals once with a nonce')
      used.add(pair)
      return backend.seal(key, nonce, ad, plaintext)
    },
  }
}

/** Cheaper than `expect`, which would take most of the time of thousands of runs. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`)
}
