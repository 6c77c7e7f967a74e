/** Sessions beside libsignal: the same texts through both, in one process. */
import { equalBytes } from '../shared/wire/bytes.ts'
import {
  decryptMessage,
  encodeSession,
  encryptMessage,
  openHandshake,
  startSession,
  verifyPrekeyBundle,
} from '../main/crypto/index.ts'
import type { Crypto, SessionState, SkippedKeyLookup } from '../main/crypto/index.ts'
import { makeParty } from '../main/crypto/testing/devices.ts'
import { LibsignalParty } from './libsignal-party.ts'
import type { Libsignal, StoreMode } from './libsignal-party.ts'

export const TEXT = new Uint8Array(200).fill(7)
const NO_SKIPPED: SkippedKeyLookup = { find: () => undefined }
export const MODES: readonly StoreMode[] = ['objects', 'bytes']

/** A device as the engine holds it: its live state, and a snapshot at each step for the store. */
export class OurEnd {
  snapshot: Uint8Array = new Uint8Array()
  readonly #c: Crypto
  #session: SessionState

  constructor(c: Crypto, session: SessionState) {
    this.#c = c
    this.#session = session
  }

  seal(content: Uint8Array): Uint8Array {
    const { session, envelope } = encryptMessage(this.#c, this.#session, content)
    this.#keep(session)
    return envelope
  }

  open(envelope: Uint8Array, skipped = NO_SKIPPED): ReturnType<typeof decryptMessage> {
    const opened = decryptMessage(this.#c, this.#session, envelope, skipped, Date.now())
    this.#keep(opened.session)
    return opened
  }

  #keep(session: SessionState): void {
    this.#session = session
    this.snapshot = encodeSession(session)
  }
}

export function must(good: boolean, what: string): void {
  if (!good) throw new Error(`wrong: ${what}`)
}

const perSecond = (operations: number, startNs: bigint): number =>
  operations / (Number(process.hrtime.bigint() - startNs) / 1e9)

export const rateOf = async (
  operations: number,
  operation: (index: number) => Promise<void> | void,
): Promise<number> => {
  const startNs = process.hrtime.bigint()
  for (let index = 0; index < operations; index += 1) {
    const pending = operation(index)
    if (pending !== undefined) await pending
  }
  return perSecond(operations, startNs)
}

export const ourPair = (c: Crypto): readonly [OurEnd, OurEnd] => {
  const [a, b] = [makeParty(c), makeParty(c)]
  const remote = { account: b.local.account, device: b.entry }
  const alice = new OurEnd(c, startSession(c, a.local, remote, b.bundle, Date.now()))
  const opened = openHandshake(c, b.local, alice.seal(TEXT), b.lookup, Date.now())
  const bob = new OurEnd(c, opened.session)
  alice.open(bob.seal(TEXT))
  return [alice, bob]
}

export const theirPair = async (
  library: Libsignal,
  mode: StoreMode,
): Promise<readonly [LibsignalParty, LibsignalParty]> => {
  const [alice, bob] = [new LibsignalParty(library, 'alice', mode), new LibsignalParty(library, 'bobby', mode)]
  await alice.start(bob, bob.bundle())
  await bob.open(alice, await alice.seal(bob, TEXT))
  await alice.open(bob, await bob.seal(alice, TEXT))
  return [alice, bob]
}

export interface Contest {
  readonly ours: () => Promise<number>
  /** One for each kind of store: the fastest counts. */
  readonly theirs: readonly (() => Promise<number>)[]
}

export const pingPong = async (c: Crypto, library: Libsignal, count: number): Promise<Contest> => {
  const [alice, bob] = ourPair(c)
  const theirs = await Promise.all(MODES.map((mode) => theirPair(library, mode)))
  return {
    ours: () =>
      rateOf(count, () => {
        must(equalBytes(bob.open(alice.seal(TEXT)).plaintext, TEXT), 'ping')
        must(equalBytes(alice.open(bob.seal(TEXT)).plaintext, TEXT), 'pong')
      }),
    theirs: theirs.map(
      ([one, other]) =>
        () =>
          rateOf(count, async () => {
            must(equalBytes(await other.open(one, await one.seal(other, TEXT)), TEXT), 'their ping')
            must(equalBytes(await one.open(other, await other.seal(one, TEXT)), TEXT), 'their pong')
          }),
    ),
  }
}

export const oneWay = async (c: Crypto, library: Libsignal, count: number): Promise<Contest> => {
  const [alice, bob] = ourPair(c)
  const theirs = await Promise.all(MODES.map((mode) => theirPair(library, mode)))
  return {
    ours: () =>
      rateOf(count, () => {
        must(equalBytes(bob.open(alice.seal(TEXT)).plaintext, TEXT), 'one way')
      }),
    theirs: theirs.map(
      ([one, other]) =>
        () =>
          rateOf(count, async () => {
            must(equalBytes(await other.open(one, await one.seal(other, TEXT)), TEXT), 'their one way')
          }),
    ),
  }
}

/** From a bundle in hand to the first message opened; keys and prekeys lie ready on both sides. */
export const handshake = async (c: Crypto, library: Libsignal, count: number): Promise<Contest> => ({
  ours: async () => {
    const parties = Array.from({ length: count }, () => [makeParty(c), makeParty(c)] as const)
    return rateOf(count, (index) => {
      const [a, b] = parties[index] ?? [makeParty(c), makeParty(c)]
      verifyPrekeyBundle(c, b.bundle, b.entry)
      const remote = { account: b.local.account, device: b.entry }
      const alice = new OurEnd(c, startSession(c, a.local, remote, b.bundle, Date.now()))
      const opened = openHandshake(c, b.local, alice.seal(TEXT), b.lookup, Date.now())
      encodeSession(opened.session)
      must(equalBytes(opened.plaintext, TEXT), 'handshake')
    })
  },
  theirs: MODES.map((mode) => async () => {
    const parties = Array.from({ length: count }, () => {
      const [a, b] = [new LibsignalParty(library, 'alice', mode), new LibsignalParty(library, 'bobby', mode)]
      return { a, b, bundle: b.bundle() }
    })
    return rateOf(count, async (index) => {
      const parts = parties[index]
      if (parts === undefined) throw new Error('one for each')
      await parts.a.start(parts.b, parts.bundle)
      must(equalBytes(await parts.b.open(parts.a, await parts.a.seal(parts.b, TEXT)), TEXT), 'their handshake')
    })
  }),
})

/** 1,000 messages are late: the one after them comes first, then they come. Milliseconds a message. */
export const gap = (c: Crypto, size: number): number => {
  const [alice, bob] = ourPair(c)
  const late = Array.from({ length: size }, () => alice.seal(TEXT))
  const keys = new Map<number, Uint8Array>()
  const startNs = process.hrtime.bigint()
  for (const { messageNumber, key } of bob.open(alice.seal(TEXT)).newSkipped) keys.set(messageNumber, key)
  must(keys.size === size, 'the keys of the gap')
  const lookup = { find: (_id: Uint8Array, messageNumber: number) => keys.get(messageNumber) }
  for (const envelope of late) {
    const { consumedSkipped, plaintext } = bob.open(envelope, lookup)
    must(consumedSkipped !== undefined && equalBytes(plaintext, TEXT), 'a late message')
  }
  return Number(process.hrtime.bigint() - startNs) / 1e6 / (size + 1)
}
