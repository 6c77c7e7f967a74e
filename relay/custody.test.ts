/**
 * Custody under kill -9. The relay's program is killed before every step of a deposit, a push, an acknowledgement, a prekey
 * fetch and an invite, each in turn; whatever it had answered holds after its restart.
 */

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelayClient } from '../main/net/relay-client/index.ts'
import { signEd25519 } from '../main/net/relay-client/signatures.ts'
import { digestOf, nameOf, Owner } from '../main/ports/contract-tests/relay-owner.ts'
import type { DepositOutcome, RelayPort } from '../main/ports/relay.ts'
import { systemClock } from '../main/runtime/system-clock.ts'
import { isParleyError } from '../shared/errors.ts'
import type { RelayRequest } from '../shared/wire/relay-requests.ts'
import { CrashingRelay } from './testing/crash-points.ts'
import { FLUSH, SIGN, WRITE, WRITTEN } from './testing/crash-steps.ts'
import { RawClient } from './testing/raw-client.ts'
import type { MailboxKeys } from './testing/raw-client.ts'

/** Else no kill before what changes nothing: that is the same instant as the step before it. `npm run test:kills`. */
const EVERY_STEP = process.env['PARLEY_EVERY_STEP'] === '1'
/** One process a step. */
const WITHIN_MS = 240_000
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

let dataDir: string
let relay: CrashingRelay
let port: RelayPort

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-custody-'))
  relay = await CrashingRelay.start(dataDir)
  port = createRelayClient({ clock: systemClock })
})

afterEach(async () => {
  await port.stop()
  await relay.kill()
  await rm(dataDir, { recursive: true, force: true })
})

/** Null: the relay died before it answered. */
async function answerOf<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isParleyError(error)) return null
    throw error
  }
}

async function connected(owner: Owner): Promise<Owner> {
  await owner.connect(port, relay.contact)
  // The sender's connection stands as well, so that its greeting is no step of what follows.
  await port.takeDirectory(relay.contact, random(32))
  return owner
}

/** Everything that waits for an owner, from a connection of its own that acknowledges nothing. */
async function waitingFor(key: Owner['key']): Promise<readonly string[]> {
  const owner = new Owner(key)
  owner.acknowledges = false
  await connected(owner)
  const { envelopeCount } = await owner.connection.usage()
  await owner.until(() => owner.received.length >= envelopeCount)
  await owner.connection.close()
  return owner.envelopes.map(digestOf)
}

interface Trial {
  /** What is killed. */
  run(): Promise<void>
  /** On the relay that was started after the kill. */
  check(): Promise<void>
}

/** Returns the names of the steps, after a kill before each of them and one after the last. */
async function killAtEveryStep(prepare: () => Promise<Trial>): Promise<readonly string[]> {
  const whole = await prepare()
  await relay.arm(null)
  await whole.run()
  const steps = await relay.steps()
  await relay.killAndRestart()
  await whole.check()
  for (const [dieAt, step] of steps.entries()) {
    if (/^(select|begin|written)/.test(step) && !EVERY_STEP) continue
    const trial = await prepare()
    await relay.arm(dieAt)
    await trial.run()
    await relay.restartAfterDeath()
    await trial.check()
  }
  return steps
}

function signingKeys({ publicKey, secretKey }: Owner['key']): MailboxKeys {
  return { publicKey, sign: (message) => signEd25519(secretKey, message) }
}

/** False: the relay died first. */
async function isAnswered(client: RawClient, request: RelayRequest): Promise<boolean> {
  try {
    return (await client.ask(request)).type === 'reply'
  } catch {
    return false
  }
}

const statementsOf = (steps: readonly string[], word: string): readonly string[] =>
  steps.filter((step) => step.startsWith(word))

/** That the relay takes these steps first of their kinds, in this order: a kill that hits nothing would prove nothing. */
function expectInOrder(steps: readonly string[], ...wanted: readonly string[]): void {
  expect(steps.filter((step) => wanted.includes(step)).slice(0, wanted.length)).toEqual(wanted)
}

describe('kill -9 before every step', { timeout: WITHIN_MS }, () => {
  test('of a deposit: what has a receipt is delivered, once; what has none may be deposited again', async () => {
    const steps = await killAtEveryStep(async () => {
      const owner = await connected(new Owner())
      await owner.connection.close()
      const envelope = random(1_000)
      let held = false
      return {
        run: async () => {
          const answers = await answerOf(port.deposit(relay.contact, [owner.deposit(envelope)]))
          held = answers?.[0]?.kind === 'held'
        },
        check: async () => {
          const waiting = await waitingFor(owner.key)
          if (held) expect(waiting).toEqual([digestOf(envelope)])
          const [again] = await port.deposit(relay.contact, [owner.deposit(envelope)])
          expect(again?.kind).toBe('held')
          expect(await waitingFor(owner.key)).toEqual([digestOf(envelope)])
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', FLUSH, SIGN, WRITE, WRITTEN)
    expect(statementsOf(steps, 'insert into envelope')).toHaveLength(1)
  })

  test('of a stranger’s deposit at the front door: the same', async () => {
    const steps = await killAtEveryStep(async () => {
      const owner = await connected(new Owner())
      await owner.connection.close()
      const envelope = random(1_000)
      const knock = (): Promise<DepositOutcome> => {
        const deposit = { mailboxId: owner.mailboxId, envelope, ttlSeconds: 600 }
        return port.depositAtDoor(relay.contact, deposit, new AbortController().signal)
      }
      let held = false
      return {
        run: async () => {
          held = (await answerOf(knock()))?.kind === 'held'
        },
        check: async () => {
          const waiting = await waitingFor(owner.key)
          if (held) expect(waiting).toEqual([digestOf(envelope)])
          expect((await knock()).kind).toBe('held')
          expect(await waitingFor(owner.key)).toEqual([digestOf(envelope)])
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', SIGN)
  })

  test('of a push: what was held or pushed and not acknowledged is pushed again, in order', async () => {
    const steps = await killAtEveryStep(async () => {
      const reader = new Owner()
      reader.acknowledges = false
      await connected(reader)
      const [early, late] = [random(20_000), random(300)]
      await port.deposit(relay.contact, [reader.deposit(early)])
      await reader.until(() => reader.received.length === 1)
      let held = false
      return {
        run: async () => {
          const answers = await answerOf(port.deposit(relay.contact, [reader.deposit(late)]))
          held = answers?.[0]?.kind === 'held'
          await reader.until(() => reader.received.length === 2 || reader.closed.length > 0)
        },
        check: async () => {
          const waiting = await waitingFor(reader.key)
          const both = [early, late].map(digestOf)
          if (held || reader.received.length === 2) expect(waiting).toEqual(both)
          else expect(both.slice(0, waiting.length)).toEqual(waiting)
          expect(waiting.length).toBeGreaterThan(0)
        },
      }
    })
    // The answer to the deposit, and the push.
    expect(steps.filter((step) => step === WRITE)).toHaveLength(2)
  })

  test('of an acknowledgement: what it was answered for never comes back, and the rest is there', async () => {
    const steps = await killAtEveryStep(async () => {
      const owner = new Owner()
      owner.acknowledges = false
      await connected(owner)
      const [gone, kept] = [random(300), random(400)]
      await port.deposit(
        relay.contact,
        [gone, kept].map((envelope) => owner.deposit(envelope)),
      )
      await owner.until(() => owner.received.length === 2)
      let answered = false
      return {
        run: async () => {
          answered = (await answerOf(owner.connection.acknowledge([nameOf(gone)]).then(() => true))) === true
        },
        check: async () => {
          const waiting = await waitingFor(owner.key)
          expect(waiting).toContain(digestOf(kept))
          if (!answered) return
          expect(waiting).toEqual([digestOf(kept)])
          const [again] = await port.deposit(relay.contact, [owner.deposit(gone)])
          expect(again?.kind).toBe('collected')
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', FLUSH, WRITE, WRITTEN)
    expect(statementsOf(steps, 'delete from envelope').length).toBeGreaterThanOrEqual(1)
  })

  test('of the acknowledgement of a range: the same', async () => {
    const steps = await killAtEveryStep(async () => {
      const owner = await connected(new Owner())
      await owner.connection.close()
      const envelopes = [random(300), random(400), random(500)]
      await port.deposit(
        relay.contact,
        envelopes.map((envelope) => owner.deposit(envelope)),
      )
      const reader = await RawClient.connect(relay.contact.addresses[0] ?? '')
      let message = await reader.ask(reader.proof(signingKeys(owner.key), (await reader.hello()).challenge))
      for (let [pushed, owns] = [0, false]; ; message = await reader.next()) {
        if (message.type === 'push') pushed += message.entries.length
        owns ||= message.type === 'reply'
        if (owns && pushed === envelopes.length) break
      }
      let answered = false
      return {
        run: async () => {
          answered = await isAnswered(reader, { type: 'acknowledge-range', from: 1, to: 2 })
          await reader.stop()
        },
        check: async () => {
          const waiting = await waitingFor(owner.key)
          const all = envelopes.map(digestOf)
          if (answered) expect(waiting).toEqual(all.slice(2))
          else expect([all, all.slice(2)]).toContainEqual(waiting)
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', FLUSH, WRITE, WRITTEN)
  })

  test('of a prekey fetch: no one-time prekey is handed out twice', async () => {
    const handedOut: string[] = []
    const steps = await killAtEveryStep(async () => {
      const owner = await connected(new Owner())
      const [lookupId, lastResort] = [random(32), random(50)]
      const items = [random(50), random(50), random(50)]
      await owner.connection.putDirectory({ lookupId, items, lastResort, replace: true })
      const take = async (): Promise<void> => {
        const item = await answerOf(port.takeDirectory(relay.contact, lookupId))
        if (item !== null && digestOf(item) !== digestOf(lastResort)) handedOut.push(digestOf(item))
      }
      return {
        run: take,
        check: async () => {
          for (const _ of items) await take()
          expect(new Set(handedOut).size).toBe(handedOut.length)
          expect(await port.takeDirectory(relay.contact, lookupId)).toEqual(lastResort)
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', FLUSH, WRITE, WRITTEN)
    expect(handedOut.length).toBeGreaterThan(steps.length)
  })

  test('of taking an invite: it goes to one taker', async () => {
    const steps = await killAtEveryStep(async () => {
      const owner = await connected(new Owner())
      const [slotId, item, first] = [random(32), random(60), random(16)]
      await owner.connection.putInviteSlot({ slotId, item, expiresAtMs: Date.now() + 600_000 })
      let taken = false
      return {
        run: async () => {
          taken = (await answerOf(port.takeInvite(relay.contact, slotId, first)))?.kind === 'item'
        },
        check: async () => {
          const other = await port.takeInvite(relay.contact, slotId, random(16))
          if (taken) expect(other).toEqual({ kind: 'used' })
          const again = await port.takeInvite(relay.contact, slotId, first)
          expect([again.kind, other.kind].filter((kind) => kind === 'item')).toHaveLength(1)
        },
      }
    })
    expectInOrder(steps, 'begin immediate', 'commit', FLUSH, WRITE, WRITTEN)
  })
})

describe('before the disk has flushed it', { timeout: WITHIN_MS }, () => {
  interface Work {
    readonly owner: Owner
    readonly lookupId: Uint8Array
    readonly waiting: Uint8Array
  }
  const works: readonly (readonly [string, (work: Work) => Promise<unknown>])[] = [
    ['deposit', ({ owner }) => port.deposit(relay.contact, [owner.deposit(random(300))])],
    ['acknowledgement', ({ owner, waiting }) => owner.connection.acknowledge([nameOf(waiting)])],
    ['prekey fetch', ({ lookupId }) => port.takeDirectory(relay.contact, lookupId)],
  ]

  test.each(works)('no %s is signed for or answered', async (_name, work) => {
    const owner = new Owner()
    owner.acknowledges = false
    await connected(owner)
    const [lookupId, waiting] = [random(32), random(100)]
    await owner.connection.putDirectory({ lookupId, items: [random(50)], lastResort: random(50), replace: true })
    await port.deposit(relay.contact, [owner.deposit(waiting)])
    await owner.until(() => owner.received.length === 1)
    await relay.holdFlushes()
    const answered = work({ owner, lookupId, waiting })
    let steps = await relay.steps()
    while (!steps.includes(FLUSH)) steps = await relay.steps()
    // It has the time to answer another, and says nothing of this.
    await owner.connection.ping()
    steps = await relay.steps()
    expect(steps).not.toContain(SIGN)
    expect(steps.filter((step) => step === WRITE)).toHaveLength(1)
    await relay.arm(null)
    await answered
  })
})
