/**
 * Measures sessions beside libsignal in this process, Node's or Electron's, and prints one JSON line: for each measurement the
 * rounds' pairs of operations a second. Arguments: libsignal's entry, rounds, `quick` or `full`.
 */
import { createCrypto, selectBackend } from '../main/crypto/index.ts'
import { rotation, senderKey } from './group-contests.ts'
import type { Libsignal } from './libsignal-party.ts'
import { gap, handshake, oneWay, pingPong } from './session-contests.ts'
import type { Contest } from './session-contests.ts'

export interface WorkerReport {
  readonly runtime: string
  readonly pairs: Readonly<Record<string, readonly { readonly ours: number; readonly reference: number }[]>>
  readonly gapMsPerMessage: readonly number[]
}

/** Ours and each kind of theirs in turn, after a warm-up that does not count. */
const contest = async (rounds: number, { ours, theirs }: Contest): Promise<WorkerReport['pairs'][string]> => {
  const pairs: { ours: number; reference: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const our = await ours()
    const rates: number[] = []
    for (const their of theirs) rates.push(await their())
    if (round > 0) pairs.push({ ours: our, reference: Math.max(...rates) })
  }
  return pairs
}

const [entry = '', rounds = '5', size = 'full'] = process.argv.slice(2)
const library = (await import(entry)) as Libsignal
const c = createCrypto(await selectBackend())
const scale = size === 'quick' ? 0.1 : 1
const count = (full: number): number => Math.max(10, Math.round(full * scale))
const report: WorkerReport = {
  runtime:
    process.versions['electron'] === undefined
      ? `node ${process.versions.node}`
      : `electron ${process.versions['electron']}`,
  pairs: {
    pingpong: await contest(Number(rounds), await pingPong(c, library, count(1_000))),
    oneway: await contest(Number(rounds), await oneWay(c, library, count(3_000))),
    pqxdh: await contest(Number(rounds), await handshake(c, library, count(150))),
    sender_key: await contest(Number(rounds), await senderKey(c, library, count(1_000))),
    group_rotation_1024: await contest(Number(rounds), await rotation(c, library, size === 'quick' ? 64 : 1_024)),
  },
  gapMsPerMessage: Array.from({ length: Number(rounds) + 1 }, () => gap(c, 1_000)).slice(1),
}
process.stdout.write(`${JSON.stringify(report)}\n`)
process.exit(0)
