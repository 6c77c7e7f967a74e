import { describe, expect, test } from 'vitest'
import type { AccountId, DeviceId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { toBase64Url } from '../../../shared/wire/bytes.ts'
import { selectBackend } from '../backend/select-backend.ts'
import {
  checkGroupMessage,
  createCrypto,
  createSenderChain,
  decodeDistribution,
  decodeReceiverChain,
  decodeSenderChain,
  decryptGroupMessage,
  distributionOf,
  encodeDistribution,
  encodeReceiverChain,
  encodeSenderChain,
  encryptGroupMessage,
  generateSigningKey,
  openGroupHeader,
  receiverChain,
} from '../index.ts'
import type { Crypto, ReceiverChain, SenderChain } from '../index.ts'
import { bytes, outcomeOf, sealingOtherwise, text, withBitFlipped } from '../testing/devices.ts'
import { repeatableRandom } from '../testing/repeatable-random.ts'
import { hashFromBytes } from './change.ts'
import type { ChainOwner } from './sender-key.ts'

const backend = await selectBackend()
const EPOCH = new Uint8Array(32).fill(9)
const HEADS = [hashFromBytes(new Uint8Array(32).fill(1))]

function owner(fill: number, groupId = new Uint8Array(16).fill(3)): ChainOwner {
  return {
    groupId,
    account: idFromBytes<AccountId>(new Uint8Array(32).fill(fill)),
    deviceId: idFromBytes<DeviceId>(new Uint8Array(16).fill(fill)),
  }
}

/** The owner's end. Its state passes through its stored form at each step. */
class Speaker {
  readonly #crypto: Crypto
  #stored: Uint8Array

  constructor(crypto: Crypto, chain: SenderChain) {
    this.#crypto = crypto
    this.#stored = encodeSenderChain(chain)
  }

  get chain(): SenderChain {
    return decodeSenderChain(this.#stored)
  }

  get distribution(): Uint8Array {
    return encodeDistribution(distributionOf(this.chain, new Uint8Array(16).fill(3), HEADS))
  }

  say(content: string, crypto = this.#crypto): Uint8Array {
    const { chain, message } = encryptGroupMessage(crypto, this.chain, EPOCH, bytes(content))
    this.#stored = encodeSenderChain(chain)
    return message
  }

  /** As if so many messages had gone to others. */
  pass(count: number): void {
    for (let n = 0; n < count; n++) this.say('passed over')
  }
}

/** Another's end, with its rows. */
class Listener {
  readonly #crypto: Crypto
  #stored: Uint8Array
  readonly #skipped = new Map<number, Uint8Array>()

  readonly #prunes: boolean

  constructor(crypto: Crypto, distribution: Uint8Array, from = owner(1), options = { prunes: true }) {
    this.#prunes = options.prunes
    this.#crypto = crypto
    this.#stored = encodeReceiverChain(receiverChain(crypto, decodeDistribution(distribution), from))
  }

  get chain(): ReceiverChain {
    return decodeReceiverChain(this.#stored)
  }

  get image(): string {
    return JSON.stringify([toBase64Url(this.#stored), [...this.#skipped].map(([n, key]) => [n, toBase64Url(key)])])
  }

  get skippedCount(): number {
    return this.#skipped.size
  }

  /** Null: not of this chain. */
  hear(message: Uint8Array): string | null {
    checkGroupMessage(message)
    const { chain } = this
    const header = openGroupHeader(this.#crypto, chain, message)
    if (header === null) return null
    const opened = decryptGroupMessage(this.#crypto, chain, message, header, {
      find: (_chainId, number) => this.#skipped.get(number),
    })
    expect(header.epochId).toEqual(EPOCH)
    this.#stored = encodeReceiverChain(opened.chain)
    for (const { number, key } of opened.newSkipped) this.#skipped.set(number, key)
    if (opened.consumedSkipped !== undefined) this.#skipped.delete(opened.consumedSkipped.number)
    const tooOld = [...this.#skipped.keys()].filter((number) => this.#prunes && number < opened.oldestKept)
    for (const number of tooOld) this.#skipped.delete(number)
    return text(opened.content)
  }
}

function scene(seed: string) {
  const c = createCrypto(backend, repeatableRandom(seed))
  const alice = new Speaker(c, createSenderChain(c, owner(1)))
  return { c, alice, bob: new Listener(c, alice.distribution) }
}

describe('a sender chain', () => {
  test('carries messages in any order, each once', () => {
    const { alice, bob } = scene('order')
    const messages = ['zero', 'one', 'two', 'three'].map((content) => alice.say(content))
    const hear = (at: number): string | null => bob.hear(messages[at] ?? new Uint8Array())
    expect(hear(2)).toBe('two')
    expect(bob.skippedCount).toBe(2)
    expect([hear(0), hear(3), hear(1)]).toEqual(['zero', 'three', 'one'])
    expect(bob.skippedCount).toBe(0)
    const before = bob.image
    for (const at of [0, 1, 2, 3]) expect(outcomeOf(() => hear(at))).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
  })

  test('is of few sizes, and begins with the same three bytes', () => {
    const { alice } = scene('sizes')
    const sizes = [1, 800, 1_000].map((length) => alice.say('x'.repeat(length)).length)
    expect(sizes).toEqual([1_024, 1_024, 4_096])
    expect([...alice.say('x').slice(0, 3)]).toEqual([1, 1, 4])
    expect(outcomeOf(() => alice.say('x'.repeat(200_000)))).toBe('too-large')
  })

  test('restored from an old copy shares nothing with what it sealed before', () => {
    const { c, alice } = scene('copy')
    const copy = new Speaker(c, alice.chain)
    const [first, second] = [alice.say('x'), copy.say('x')]
    for (let at = 3; at + 12 <= first.length; at++) {
      expect(toBase64Url(first.slice(at, at + 12))).not.toBe(toBase64Url(second.slice(at, at + 12)))
    }
  })

  test('opens for who got it late from there on only', () => {
    const { c, alice } = scene('late')
    const [early, late] = [alice.say('early'), new Listener(c, alice.distribution)]
    const now = alice.say('now')
    expect(outcomeOf(() => late.hear(early))).toBe('cannot-decrypt')
    expect(late.hear(now)).toBe('now')
  })

  test('is of 10,000 messages at most', () => {
    const { c, alice } = scene('used up')
    const worn = new Speaker(c, { ...alice.chain, number: 9_999 })
    const late = new Listener(c, worn.distribution)
    expect(late.hear(worn.say('the last'))).toBe('the last')
    expect(outcomeOf(() => late.hear(worn.say('one more')))).toBe('cannot-decrypt')
    const beyond = { ...decodeDistribution(alice.distribution), number: 10_001 }
    expect(outcomeOf(() => decodeDistribution(encodeDistribution(beyond)))).toBe('malformed')
  })
})

describe('a jump', () => {
  test('of 2,000 is followed, and one more refused before any key is made', () => {
    const { alice, bob } = scene('jump')
    const first = alice.say('first')
    alice.pass(1_999)
    expect(bob.hear(alice.say('after 2,000'))).toBe('after 2,000')
    expect(bob.skippedCount).toBe(2_000)
    expect(bob.hear(first)).toBe('first')
    alice.pass(2_001)
    const before = bob.image
    const tooFar = alice.say('too far')
    expect(outcomeOf(() => bob.hear(tooFar))).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
  })

  test('leaves keys of the last 2,000 numbers, not more', () => {
    const { c, alice, bob } = scene('kept')
    const { distribution } = alice
    const [zero, one] = [alice.say('zero'), alice.say('one')]
    alice.pass(1_998)
    const [middle, next] = [alice.say('middle'), alice.say('next')]
    const untidy = new Listener(c, distribution, owner(1), { prunes: false })
    for (const listener of [bob, untidy]) {
      expect(listener.hear(middle)).toBe('middle')
      expect(listener.hear(next)).toBe('next')
      expect(outcomeOf(() => listener.hear(zero))).toBe('cannot-decrypt')
    }
    expect([bob.skippedCount, untidy.skippedCount]).toEqual([1_999, 2_000])
    expect(bob.hear(one)).toBe('one')
  })
})

describe('an attack', () => {
  test('any flipped bit of a message: nothing is taken and nothing changes', () => {
    const { alice, bob } = scene('flips')
    bob.hear(alice.say('first'))
    const message = alice.say('second')
    const before = bob.image
    for (let bit = 0; bit < message.length * 8; bit++) {
      let heard: string | null = null
      const outcome = outcomeOf(() => (heard = bob.hear(withBitFlipped(message, bit))))
      expect(heard).toBeNull()
      if (bit >= 24) expect(outcome).toBe(bit < 67 * 8 ? 'accepted' : 'cannot-decrypt')
    }
    expect(bob.image).toBe(before)
    expect(bob.hear(message)).toBe('second')
  })

  test('a member who has all keys cannot speak in another’s name', () => {
    const { c, alice, bob } = scene('forger')
    const known = decodeDistribution(alice.distribution)
    const mallory = new Speaker(c, { ...bob.chain, signing: generateSigningKey(c) })
    const before = bob.image
    expect(outcomeOf(() => bob.hear(mallory.say('I am Alice')))).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
    expect(bob.hear(alice.say('I am Alice'))).toBe('I am Alice')
    // Nor pass her chain off as one of his own: what she says under it is not his.
    const asMallorys = new Listener(c, encodeDistribution(known), owner(6))
    expect(asMallorys.hear(alice.say('mine'))).toBeNull()
  })

  test('what was signed for one number, epoch or content serves no other', () => {
    const { c, alice, bob } = scene('moved')
    const honest = alice.chain
    let signature = new Uint8Array()
    const spying: Crypto = {
      ...c,
      backend: {
        ...c.backend,
        ed25519Sign: (key, message) => (signature = new Uint8Array(c.backend.ed25519Sign(key, message))),
      },
    }
    new Speaker(spying, honest).say('yes')
    const withSignature: Crypto = { ...c, backend: { ...c.backend, ed25519Sign: () => signature } }
    const under = (chain: SenderChain, epochId: Uint8Array, content: string): string => {
      const { message } = encryptGroupMessage(withSignature, chain, epochId, bytes(content))
      return outcomeOf(() => bob.hear(message))
    }
    const next = encryptGroupMessage(c, honest, EPOCH, bytes('yes')).chain
    const before = bob.image
    expect(under(next, EPOCH, 'yes')).toBe('cannot-decrypt')
    expect(under(honest, new Uint8Array(32).fill(8), 'yes')).toBe('cannot-decrypt')
    expect(under(honest, EPOCH, 'no')).toBe('cannot-decrypt')
    expect(bob.image).toBe(before)
    expect(under(honest, EPOCH, 'yes')).toBe('accepted')
  })

  test('in the wrong group, or from another device, it is of no chain', () => {
    const { c, alice } = scene('elsewhere')
    const { distribution } = alice
    const message = alice.say('hello')
    const { account, groupId } = owner(1)
    const elsewhere = [owner(1, new Uint8Array(16).fill(4)), owner(2), { ...owner(2), account, groupId }]
    for (const from of elsewhere) expect(new Listener(c, distribution, from).hear(message)).toBeNull()
    expect(new Listener(c, distribution).hear(message)).toBe('hello')
  })

  test('a body without room for its signature, or whose length lies', () => {
    const { c, alice, bob } = scene('short')
    const bodyBytes = 1_024 - 95
    const lie = (length: number) =>
      sealingOtherwise(c, bodyBytes, (body) => new DataView(body.buffer).setUint32(0, length))
    const before = bob.image
    for (const length of [0, 63, 0xffff_ffff, bodyBytes - 3]) {
      expect(outcomeOf(() => bob.hear(alice.say('x', lie(length))))).toBe('cannot-decrypt')
    }
    expect(bob.image).toBe(before)
  })

  test('another version, suite, kind or size is refused before any key is touched', () => {
    const { alice, bob } = scene('outer')
    const message = alice.say('x')
    const withByte = (at: number, value: number): Uint8Array => {
      const changed = message.slice()
      changed[at] = value
      return changed
    }
    expect(outcomeOf(() => bob.hear(withByte(0, 2)))).toBe('unsupported-version')
    expect(outcomeOf(() => bob.hear(withByte(1, 0)))).toBe('unsupported-version')
    expect(outcomeOf(() => bob.hear(withByte(2, 2)))).toBe('malformed')
    expect(outcomeOf(() => bob.hear(message.slice(1)))).toBe('unsupported-version')
    expect(outcomeOf(() => bob.hear(message.slice(0, 1_023)))).toBe('malformed')
    expect(outcomeOf(() => bob.hear(message.slice(0, 2)))).toBe('malformed')
    expect(outcomeOf(() => bob.hear(new Uint8Array(200_001)))).toBe('too-large')
  })
})
