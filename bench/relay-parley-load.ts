/** Deposits and drains of the relay benchmark against our relay. */
import type { RelayId } from '../shared/model/ids.ts'
import { encodeRequest } from '../shared/wire/relay-requests.ts'
import { WrongResult } from './harness.ts'
import {
  BenchStream,
  envelopeIdOf,
  inGroups,
  newBenchMailbox,
  startClientNode,
  TTL_SECONDS,
  verifyReceipts,
} from './relay-parley.ts'
import type { BenchMailbox, DepositTarget } from './relay-parley.ts'
import { Arrivals, batchesOf, messageOf } from './relay-work.ts'
import type { Load, Timed, Work } from './relay-work.ts'

export interface Prepared {
  readonly frame: Uint8Array
  readonly requestId: number
  readonly targets: readonly DepositTarget[]
}

/** Batches that were made beforehand, over connections that stand; receipts are verified when the time is taken. */
export const depositPrepared = async (
  node: Awaited<ReturnType<typeof startClientNode>>,
  address: string,
  relayId: string,
  work: Work,
  prepareBatches: (work: Work, connection: number) => readonly Prepared[],
): Promise<Timed> => {
  const indexes = Array.from({ length: work.connections }, (_, index) => index)
  const prepared = indexes.map((index) => prepareBatches(work, index))
  const streams = await inGroups(indexes, () => BenchStream.open(node, address))
  const startedMs = performance.now()
  const answers = await Promise.all(
    streams.map((stream, index) => pipelined(stream, prepared[index] ?? [], work.outstanding / work.batch)),
  )
  const seconds = (performance.now() - startedMs) / 1000
  for (const [index, batches] of prepared.entries()) {
    for (const [at, { targets }] of batches.entries()) {
      verifyReceipts(relayId as RelayId, targets, answers[index]?.[at] ?? new Uint8Array())
    }
  }
  await Promise.all(streams.map((stream) => stream.close()))
  return { seconds }
}

export const parleyLoad = async (address: string, relayId: string): Promise<Load> => {
  const node = await startClientNode()
  let mailboxes: readonly BenchMailbox[] = []

  const mailboxAt = (index: number): BenchMailbox => {
    const mailbox = mailboxes[index]
    if (mailbox === undefined) throw new Error(`no mailbox ${index}`)
    return mailbox
  }

  const prepareBatches = (work: Work, connection: number): readonly Prepared[] =>
    batchesOf(work, connection).map((batch, index) => {
      const entries = batch.map(({ mailbox, number }) => {
        const { mailboxId, token } = mailboxAt(mailbox)
        const envelope = messageOf(work.round, mailbox, number)
        return { envelope, targets: [{ mailboxId, token, ttlSeconds: TTL_SECONDS }] }
      })
      const targets = entries.map(({ envelope, targets: [target] }) => {
        if (target === undefined) throw new Error('no target')
        return { mailboxId: target.mailboxId, envelopeId: envelopeIdOf(envelope) }
      })
      const requestId = 1_000 + index
      return { requestId, targets, frame: encodeRequest(requestId, { type: 'deposit', entries }) }
    })

  return {
    prepare: async (work) => {
      mailboxes = Array.from({ length: work.mailboxes }, newBenchMailbox)
      await inGroups(mailboxes, async (mailbox) => {
        const owner = await BenchStream.open(node, address)
        await owner.own(mailbox)
        await owner.putToken(mailbox)
        await owner.close()
      })
    },

    deposit: async (work) => await depositPrepared(node, address, relayId, work, prepareBatches),

    drain: async (work): Promise<Timed> => {
      const owners = await inGroups(mailboxes, () => BenchStream.open(node, address))
      const startedMs = performance.now()
      await Promise.all(owners.map((owner, index) => drainOne(owner, mailboxAt(index), new Arrivals(work, index))))
      const seconds = (performance.now() - startedMs) / 1000
      await Promise.all(owners.map((owner) => owner.close()))
      return { seconds }
    },
  }
}

/** Keeps `width` requests under way; the answers in order. */
export const pipelined = async (
  stream: BenchStream,
  batches: readonly Prepared[],
  width: number,
): Promise<readonly Uint8Array[]> => {
  const answers: Uint8Array[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < batches.length; at = next++) {
      const batch = batches[at]
      if (batch !== undefined) answers[at] = await stream.askEncoded(batch.requestId, batch.frame)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return answers
}

/** Owns the mailbox, takes what is pushed and acknowledges it; resolves when the relay has answered the last one. */
const drainOne = async (owner: BenchStream, mailbox: BenchMailbox, arrivals: Arrivals): Promise<void> => {
  const done = new Promise<void>((resolve, reject) => {
    owner.onPush = (entries) => {
      try {
        for (const { envelope } of entries) arrivals.take(envelope)
        const last = arrivals.complete
        owner.acknowledge(entries).then(() => {
          if (last) resolve()
        }, reject)
      } catch (error) {
        reject(error instanceof Error ? error : new WrongResult(String(error)))
      }
    }
  })
  await owner.own(mailbox)
  await done
}
