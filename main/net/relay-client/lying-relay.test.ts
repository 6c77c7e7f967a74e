import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, mailboxKey, Owner, random } from '../../ports/contract-tests/relay-owner.ts'
import type { RelayPort } from '../../ports/relay.ts'
import type { Clock } from '../../ports/runtime.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { BlobId, RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { encodeBlobAnswer } from '../../../shared/wire/blob-stream.ts'
import { encodeDepositsAnswer, encodeRelayMessage } from '../../../shared/wire/relay-answers.ts'
import type { DepositAnswer } from '../../../shared/wire/relay-answers.ts'
import { receiptsToSign } from '../../../shared/wire/relay-receipt.ts'
import type { RelayRequest } from '../../../shared/wire/relay-requests.ts'
import { createRelayClient } from './index.ts'
import { deferred } from './testing/deferred.ts'
import { LyingRelay, SigningKey, trueList } from './testing/lying-relay.ts'
import type { Lies } from './testing/lying-relay.ts'

const never = new AbortController().signal
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

let port: RelayPort
const relays: LyingRelay[] = []

beforeEach(() => {
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await Promise.all(relays.splice(0).map((relay) => relay.stop()))
})

async function start(lies: Lies): Promise<LyingRelay> {
  const relay = await LyingRelay.start(lies)
  relays.push(relay)
  return relay
}

describe('an old list of front ends', () => {
  const lists = async (second: { readonly version: number; readonly moved: boolean }) => {
    let asked = 0
    const relay = await start({
      frontEnds: (truth) => {
        asked += 1
        const { addresses } = truth
        if (asked === 1) return trueList({ ...truth, version: 10 })
        const moved = second.moved ? ['/ip4/192.0.2.1/tcp/1'] : addresses
        return trueList({ ...truth, version: second.version, addresses: moved })
      },
      answer: () => new Uint8Array(),
    })
    await port.probe(relay.addresses, relay.key.relayId)
    return relay
  }

  test('that says something else is relay-lying, in every role', async () => {
    const relay = await lists({ version: 9, moved: true })
    expect(await codeOf(port.probe(relay.addresses, relay.key.relayId))).toBe('relay-lying')
    expect(await codeOf(port.takeDirectory(relay.contact, random(32)))).toBe('relay-lying')
    expect(await codeOf(new Owner().connect(port, relay.contact))).toBe('relay-lying')
  })

  test('that says the same is as good as the newer one, and a newer one may say anything', async () => {
    const same = await lists({ version: 9, moved: false })
    expect((await port.probe(same.addresses, same.key.relayId)).relayId).toBe(same.key.relayId)
    const newer = await lists({ version: 11, moved: true })
    expect((await port.probe(newer.addresses, newer.key.relayId)).addresses).toEqual(['/ip4/192.0.2.1/tcp/1'])
  })
})

describe('the list of front ends', () => {
  const other = new SigningKey()
  const lists: readonly [string, NonNullable<Lies['frontEnds']>][] = [
    [
      "names somebody else's PeerId",
      (truth) => trueList({ ...truth, peer: '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' }),
    ],
    ['is that of another relay', (truth) => trueList({ ...truth, key: other })],
    [
      'is not signed by the relay',
      (truth) => {
        const list = trueList(truth)
        return Uint8Array.of(...list.slice(0, -1), (list.at(-1) ?? 0) ^ 1)
      },
    ],
    [
      'was changed after it was signed',
      (truth) => {
        const list = trueList(truth)
        return Uint8Array.of(...list.slice(0, 36), (list[36] ?? 0) ^ 1, ...list.slice(37))
      },
    ],
    ['is cut', (truth) => trueList(truth).slice(0, 60)],
    ['is nothing', () => new Uint8Array()],
  ]
  for (const [what, frontEnds] of lists) {
    test(`${what}: relay-lying, and nothing is told to it`, async () => {
      const heard: RelayRequest[] = []
      const relay = await start({
        frontEnds,
        answer: (request) => {
          heard.push(request)
          return new Uint8Array()
        },
      })
      expect(await codeOf(port.deposit(relay.contact, [new Owner().deposit(random(9))]))).toBe('relay-lying')
      expect(await codeOf(new Owner().connect(port, relay.contact))).toBe('relay-lying')
      expect(await codeOf(port.probe(relay.addresses, relay.key.relayId))).toBe('relay-lying')
      expect(heard).toEqual([])
    })
  }

  test('a liar among the addresses does not keep the true relay from being found', async () => {
    const liar = await start({ frontEnds: (truth) => trueList({ ...truth, key: other }) })
    const relay = await start({ answer: () => new Uint8Array() })
    const addresses = [...liar.addresses, ...relay.addresses]
    expect((await port.probe(addresses, relay.key.relayId)).relayId).toBe(relay.key.relayId)
  })
})

describe('receipts', () => {
  const held: DepositAnswer = { kind: 'held', storedAtMs: 1_000, expiresAtMs: 2_000 }
  const signed = (request: RelayRequest, key: SigningKey, relayId: RelayId, expiresAtMs = 2_000): Uint8Array => {
    if (request.type !== 'deposit') return new Uint8Array()
    const claims = request.entries.flatMap(({ envelope, targets }) =>
      targets.map(({ mailboxId }) => ({
        mailboxId,
        subject: idFromBytes<BlobId>(sha256(envelope).slice(0, 16)),
        storedAtMs: 1_000,
        expiresAtMs,
      })),
    )
    const signature = key.sign(receiptsToSign('envelope', relayId, claims, sha256))
    return encodeDepositsAnswer({ answers: claims.map(() => held), signature })
  }
  const deposit = async (answer: NonNullable<Lies['answer']>): Promise<string> => {
    const relay = await start({ answer })
    try {
      const [outcome] = await port.deposit(relay.contact, [new Owner().deposit(random(50))])
      return outcome?.kind ?? 'nothing'
    } catch {
      return codeOf(port.deposit(relay.contact, [new Owner().deposit(random(50))]))
    }
  }

  test('count when the relay signed exactly this', async () => {
    expect(await deposit((request, key) => signed(request, key, key.relayId))).toBe('held')
  })

  test("another's signature, another time, another number of answers and noise are all lies", async () => {
    const other = new SigningKey()
    expect(await deposit((request, key) => signed(request, other, key.relayId))).toBe('relay-lying')
    expect(await deposit((request, key) => signed(request, key, other.relayId))).toBe('relay-lying')
    expect(await deposit((request, key) => signed(request, key, key.relayId, 2_001))).toBe('relay-lying')
    expect(await deposit(() => encodeDepositsAnswer({ answers: [], signature: null }))).toBe('relay-lying')
    expect(await deposit(() => random(40))).toBe('relay-lying')
    expect(await deposit(() => ({ message: random(40) }))).toBe('relay-lying')
  })

  test('a refusal carries its code to the one who asked', async () => {
    const answers: readonly DepositAnswer[] = [{ kind: 'refused', code: 'relay-full', retryAfterSeconds: 60 }]
    const relay = await start({ answer: () => encodeDepositsAnswer({ answers, signature: null }) })
    const outcomes = await port.deposit(relay.contact, [new Owner().deposit(random(5))])
    expect(outcomes).toEqual([{ kind: 'refused', code: 'relay-full' }])
  })
})

describe('blobs', () => {
  const request = { blobId: idFromBytes<BlobId>(random(16)), readCapability: random(32), offset: 10 }
  const download = async (blob: NonNullable<Lies['blob']>): Promise<ErrorCode> => {
    const relay = await start({ blob })
    return codeOf(
      (async () => {
        const found = await port.getBlob(relay.contact, request, never)
        if (found === null) return
        let bytes = 0
        for await (const chunk of found.chunks) bytes += chunk.length
        expect(bytes).toBe(90)
      })(),
    )
  }
  const from = encodeBlobAnswer({ status: 'from', totalBytes: 100, offset: 10 })

  test('more than announced, another offset and noise are lies; less is a broken connection', async () => {
    expect(
      await download(async (stream) => {
        await stream.write(from)
        await stream.writeRaw(random(91))
      }),
    ).toBe('relay-lying')
    expect(
      await download(async (stream) => {
        await stream.write(from)
        await stream.writeRaw(random(89))
      }),
    ).toBe('unreachable')
    const elsewhere = encodeBlobAnswer({ status: 'from', totalBytes: 100, offset: 0 })
    expect(await download((stream) => stream.write(elsewhere))).toBe('relay-lying')
    expect(await download((stream) => stream.write(random(30)))).toBe('relay-lying')
    expect(await download(() => Promise.resolve())).toBe('unreachable')
  })
})

describe('a relay that stops making sense', () => {
  test('noise instead of a push ends the connection as lying', async () => {
    const relay = await start({
      answer: (request) => (request.type === 'ping' ? { message: random(20) } : new Uint8Array()),
    })
    const owner = new Owner()
    await owner.connect(port, relay.contact)
    expect(await codeOf(owner.connection.ping())).toBe('relay-lying')
    expect(owner.closed).toEqual(['relay-lying'])
  })

  test('an error about the stream itself ends it with that code', async () => {
    const refusal = { code: 'rate-limited', retryAfterSeconds: 5 } as const
    const relay = await start({
      answer: (request) =>
        request.type === 'ping'
          ? { message: encodeRelayMessage({ type: 'error', requestId: 0, refusal }) }
          : new Uint8Array(),
    })
    const owner = new Owner()
    await owner.connect(port, relay.contact)
    expect(await codeOf(owner.connection.ping())).toBe('rate-limited')
    expect(owner.closed).toEqual(['rate-limited'])
  })

  test('silence is a timeout by the clock of this side', async () => {
    const due: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after: (_delayMs, callback) => {
        due.push(callback)
        return () => {
          due.splice(due.indexOf(callback), 1)
        }
      },
    }
    const patient = createRelayClient({ clock })
    const asked = deferred()
    const relay = await start({
      answer: () => {
        asked.resolve()
        return null
      },
    })
    const taking = codeOf(patient.takeDirectory(relay.contact, random(32)))
    await asked.promise
    for (const call of [...due]) call()
    expect(await taking).toBe('timeout')
    await patient.stop()
  })
})

test('an owner whose proof is refused is told so, and the connection is not kept', async () => {
  const refusal = { code: 'relay-full', retryAfterSeconds: 0 } as const
  const relay = await start({
    answer: () => ({ message: encodeRelayMessage({ type: 'error', requestId: 2, refusal }) }),
  })
  const owner = new Owner(mailboxKey())
  expect(await codeOf(owner.connect(port, relay.contact))).toBe('relay-full')
  expect(owner.closed).toEqual([])
})
