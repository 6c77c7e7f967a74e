/**
 * The client of relays. Whatever an owner does leaves from one libp2p node; what a sender does, from others (senders.ts).
 * docs/protocol/relay.md.
 */

import '../promise-with-resolvers.ts'
import type {
  BlobDownload,
  BlobUpload,
  BlobUploadOutcome,
  Deposit,
  DepositOutcome,
  DoorDeposit,
  MailboxKey,
  OwnerConnection,
  OwnerHandlers,
  RelayContactPoint,
  RelayInfo,
  RelayPort,
  SlotOutcome,
} from '../../ports/relay.ts'
import type { Clock } from '../../ports/runtime.ts'
import { isParleyError, ParleyError } from '../../../shared/errors.ts'
import type { BlobId, MailboxId, RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { decodeDepositsAnswer, decodeDirectoryTaken, decodeInviteTaken } from '../../../shared/wire/relay-answers.ts'
import { encodeReceipt, provenReceipts } from '../../../shared/wire/relay-receipt.ts'
import { mailboxProofBytes } from '../../../shared/wire/relay-signed.ts'
import { asFailure, tellBlobDone, uploadBlob } from './blob-transfer.ts'
import type { UploadAnswer } from './blob-transfer.ts'
import { getBlob } from '../blob-protocol.ts'
import type { BlobRequestParts } from '../link.ts'
import { batchOutcomes, depositBatches } from './deposit-batches.ts'
import { depositAtDoor } from './door-deposit.ts'
import { FrontEndLists } from './front-end-lists.ts'
import { ownerConnection, PushQueue } from './owner-connection.ts'
import { ProvenLinks } from './proven-links.ts'
import type { RelayLink } from './relay-link.ts'
import { Senders } from './senders.ts'
import { sha256, signEd25519, verifyEd25519 } from './signatures.ts'

/** Pushed and not yet acknowledged: what a slow disk here may leave waiting in memory. */
const PUSH_CREDIT_BYTES = 1024 * 1024

const TOO_LARGE: DepositOutcome = { kind: 'refused', code: 'too-large' }

export interface RelayClientOptions {
  readonly clock: Clock
}

export function createRelayClient({ clock }: RelayClientOptions): RelayPort {
  return new RelayClient(clock)
}

class RelayClient implements RelayPort {
  readonly #clock: Clock
  readonly #lists = new FrontEndLists()
  readonly #own: ProvenLinks
  readonly #senders: Senders

  constructor(clock: Clock) {
    this.#clock = clock
    this.#own = new ProvenLinks(clock, this.#lists)
    this.#senders = new Senders(clock, this.#lists)
  }

  async connectOwner(relay: RelayContactPoint, key: MailboxKey, handlers: OwnerHandlers): Promise<OwnerConnection> {
    const pushes = new PushQueue(handlers, sha256)
    let established = false
    /** Told once the caller has the connection that it fills the directory on. */
    const earlyStock: (() => void)[] = []
    const link = await this.#own.open(relay.addresses, relay.relayId, {
      onPush: (entries) => {
        pushes.push(entries)
      },
      onStock: (lookupId, remaining) => {
        const tell = (): void => {
          handlers.onStock(lookupId, remaining)
        }
        if (established) tell()
        else earlyStock.push(tell)
      },
      onClosed: (code) => {
        // Who closes it knows, and who is still waiting for it is told by the rejection.
        if (established && code !== 'cancelled') handlers.onClosed(code)
      },
    })
    pushes.attach(link)
    try {
      await this.#proveOwner(link, relay, key)
    } catch (error) {
      await link.close()
      throw error
    }
    if (link.closed) throw new ParleyError('unreachable', 'closed')
    established = true
    this.#clock.after(0, () => {
      for (const tell of earlyStock) tell()
    })
    const mailboxId = idFromBytes<MailboxId>(sha256(key.publicKey))
    return ownerConnection({ link, info: infoOf(link), mailboxId, clock: this.#clock, hash: sha256 })
  }

  async #proveOwner(link: RelayLink, { admission }: RelayContactPoint, key: MailboxKey): Promise<void> {
    const proof = mailboxProofBytes({
      challenge: link.hello.challenge,
      relayPeer: link.connection.remotePeer.toString(),
      ownerPeer: await this.#own.peerName(),
      mailboxPublic: key.publicKey,
    })
    await link.tell({
      type: 'own',
      mailboxPublic: key.publicKey,
      signature: signEd25519(key.secretKey, proof),
      creditBytes: PUSH_CREDIT_BYTES,
      admission: admission ?? new Uint8Array(),
    })
  }

  async probe(
    addresses: readonly string[],
    expected: RelayId | null,
  ): Promise<RelayInfo & { readonly roundTripMs: number }> {
    const links = new ProvenLinks(this.#clock, this.#lists)
    try {
      const link = await links.open(addresses, expected)
      const startedAtMs = this.#clock.monotonicMs()
      await link.tell({ type: 'ping' })
      const roundTripMs = this.#clock.monotonicMs() - startedAtMs
      return { ...infoOf(link), roundTripMs }
    } finally {
      await links.stop()
    }
  }

  deposit(relay: RelayContactPoint, deposits: readonly Deposit[]): Promise<readonly DepositOutcome[]> {
    return this.#asSender(relay, async (link) => {
      const answered = await Promise.all(
        depositBatches(deposits).map(async (batch) => {
          const answer = await link.ask({ type: 'deposit', entries: batch.entries }, decodeDepositsAnswer)
          return batchOutcomes(relay.relayId, batch.members, answer)
        }),
      )
      const outcomes = new Map(answered.flat().map(({ index, outcome }) => [index, outcome]))
      return deposits.map((_deposit, index) => outcomes.get(index) ?? TOO_LARGE)
    })
  }

  takeDirectory(relay: RelayContactPoint, lookupId: Uint8Array): Promise<Uint8Array | null> {
    return this.#asSender(relay, (link) => link.ask({ type: 'take-directory', lookupId }, decodeDirectoryTaken))
  }

  takeInvite(relay: RelayContactPoint, slotId: Uint8Array, takerNonce: Uint8Array): Promise<SlotOutcome> {
    return this.#asSender(relay, (link) => link.ask({ type: 'take-invite', slotId, takerNonce }, decodeInviteTaken))
  }

  depositAtDoor(relay: RelayContactPoint, deposit: DoorDeposit, signal: AbortSignal): Promise<DepositOutcome> {
    return this.#asSender(relay, (link) => depositAtDoor(link, relay.relayId, deposit, signal))
  }

  /** Where the front end stops meanwhile, once more at another one: what a relay has twice it keeps once. */
  #asSender<T>(relay: RelayContactPoint, work: (link: RelayLink) => Promise<T>): Promise<T> {
    return this.#senders.use(relay, async (links) => {
      try {
        return await work(await links.link(relay))
      } catch (error) {
        if (!isParleyError(error, 'relay-stops')) throw error
        return await work(await links.link(relay))
      }
    })
  }

  putBlob(relay: RelayContactPoint, upload: BlobUpload, signal: AbortSignal): Promise<BlobUploadOutcome> {
    return this.#senders.use(relay, async (links) => {
      const { blobId, mailboxId, token, sizeBytes, sha256: hash, ttlSeconds } = upload
      const capabilityHash = sha256(upload.readCapability)
      const request = {
        op: 'put',
        ...{ blobId, mailboxId, token, sizeBytes, sha256: hash, capabilityHash, ttlSeconds },
      } as const
      const answer = await uploadBlob(await links.bulk(relay), request, upload, signal)
      return answer.status === 'refused'
        ? { kind: 'refused', code: answer.code }
        : provenUpload(relay.relayId, upload, answer)
    })
  }

  /** From the owner's node: whoever reads a blob is the owner of the mailbox that it was laid into. */
  async getBlob(
    relay: RelayContactPoint,
    request: BlobRequestParts,
    signal: AbortSignal,
  ): Promise<BlobDownload | null> {
    try {
      const found = await getBlob(await this.#own.bulk(relay), request, signal)
      return found === null ? null : { ...found, chunks: fromRelay(found.chunks) }
    } catch (error) {
      throw asFailure(error)
    }
  }

  async blobDone(relay: RelayContactPoint, blobId: BlobId, readCapability: Uint8Array): Promise<void> {
    await tellBlobDone(await this.#own.bulk(relay), blobId, readCapability)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#own.stop(), this.#senders.stop()])
  }
}

async function* fromRelay(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw asFailure(error)
  }
}

function infoOf({ hello, frontEnds }: RelayLink): RelayInfo {
  return {
    relayId: frontEnds.relayId,
    addresses: frontEnds.addresses,
    retentionSeconds: hello.retentionSeconds,
    maxEnvelopeBytes: hello.maxEnvelopeBytes,
    maxBlobBytes: hello.maxBlobBytes,
  }
}

/** @throws relay-lying */
function provenUpload(
  relayId: RelayId,
  { mailboxId, blobId }: BlobUpload,
  { storedAtMs, expiresAtMs, signature }: Extract<UploadAnswer, { status: 'held' }>,
): BlobUploadOutcome {
  const held = [{ mailboxId, subject: blobId, storedAtMs, expiresAtMs }]
  const [receipt] = provenReceipts({ kind: 'blob', relayId, held, signature }, sha256, verifyEd25519) ?? []
  if (receipt === undefined) throw new ParleyError('relay-lying', 'receipt')
  return { kind: 'held', receipt: encodeReceipt(receipt), expiresAtMs }
}
