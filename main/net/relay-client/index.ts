/**
 * The client of relays. Owners' connections leave from one libp2p node, deposits from others: a random key, no
 * listeners, new for each relay and day, so that a relay cannot join what a person sends to what they receive.
 */

import { createHash } from 'node:crypto'
import type { Libp2p } from '@libp2p/interface'
import type {
  BlobUpload,
  BlobUploadOutcome,
  Deposit,
  DepositOutcome,
  OwnerConnection,
  OwnerHandlers,
  MailboxKey,
  RelayContactPoint,
  RelayInfo,
  RelayPort,
  SlotOutcome,
} from '../../ports/relay.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { BlobId, EnvelopeId, MailboxId, RelayId } from '../../../shared/model/ids.ts'
import { idFromBytes } from '../../../shared/model/ids.ts'
import { ByteWriter } from '../../../shared/wire/bytes.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { decodeDepositAnswers, decodeInviteTaken, decodeOptionalItem } from '../../../shared/wire/relay-frames.ts'
import type { DepositAnswer } from '../../../shared/wire/relay-frames.ts'
import { mailboxProofBytes, receiptBytes } from '../../../shared/wire/relay-signed.ts'
import { idToBytes } from '../../../shared/model/ids.ts'
import { downloadBlob, tellBlobDone, uploadBlob } from './blob-transfer.ts'
import { dialFirst, startClientNode } from './client-node.ts'
import { ownerConnection, PushQueue } from './owner-connection.ts'
import { RelayLink } from './relay-link.ts'
import { signEd25519, verifyEd25519 } from './signatures.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Two deposits of the largest size fit one frame no more. */
const BATCH_BYTES = 240_000
const BATCH_OVERHEAD_BYTES = 72

export interface RelayClientOptions {
  readonly clock: Clock
}

export function createRelayClient(options: RelayClientOptions): RelayPort {
  return new RelayClient(options.clock)
}

interface Sender {
  readonly node: Libp2p
  readonly day: number
  link: Promise<RelayLink> | null
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

class RelayClient implements RelayPort {
  readonly #clock: Clock
  #ownerNode: Promise<Libp2p> | null = null
  readonly #senders = new Map<RelayId, Promise<Sender>>()
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  #owner(): Promise<Libp2p> {
    this.#ownerNode ??= startClientNode()
    return this.#ownerNode
  }

  async connectOwner(relay: RelayContactPoint, key: MailboxKey, handlers: OwnerHandlers): Promise<OwnerConnection> {
    const pushes = new PushQueue(handlers)
    const node = await this.#owner()
    const link = await this.#open(node, relay.addresses, relay.relayId, {
      onPush: (entries) => {
        pushes.push(entries)
      },
      onStock: (lookupId, remaining) => {
        handlers.onStock(lookupId, remaining)
      },
      onClosed: (code) => {
        handlers.onClosed(code)
      },
    })
    pushes.attach(link)
    const proof = mailboxProofBytes({
      challenge: link.hello.challenge,
      relayPeer: link.connection.remotePeer.toString(),
      ownerPeer: node.peerId.toString(),
      mailboxPublic: key.publicKey,
    })
    const signature = signEd25519(key.secretKey, proof)
    await link.request({ type: 'own', mailboxPublic: key.publicKey, signature })
    const mailboxId = idFromBytes<MailboxId>(sha256(key.publicKey))
    return ownerConnection({ link, info: infoOf(link), mailboxId, clock: this.#clock, hash: sha256 })
  }

  async #open(
    node: Libp2p,
    addresses: readonly string[],
    relayId: RelayId | null,
    handlers: Parameters<typeof RelayLink.open>[2]['handlers'] = SILENT,
  ): Promise<RelayLink> {
    if (this.#stopped) throw new ParleyError('cancelled')
    const connection = await dialFirst(node, addresses)
    return RelayLink.open(connection, relayId, { clock: this.#clock, handlers })
  }

  async probe(addresses: readonly string[], expected: RelayId | null): Promise<RelayInfo & { roundTripMs: number }> {
    const node = await startClientNode()
    try {
      const link = await this.#open(node, addresses, expected)
      const startedAtMs = this.#clock.monotonicMs()
      await link.request({ type: 'ping' })
      const roundTripMs = this.#clock.monotonicMs() - startedAtMs
      await link.close()
      return { ...infoOf(link), roundTripMs }
    } finally {
      await node.stop()
    }
  }

  /** The sender's node for that relay and day; its link is opened when it is missing or was lost. */
  async #sender(relay: RelayContactPoint): Promise<RelayLink> {
    const day = Math.floor(this.#clock.nowMs() / DAY_MS)
    const known = await this.#senders.get(relay.relayId)
    if (known !== undefined && known.day !== day) {
      this.#senders.delete(relay.relayId)
      await known.node.stop()
    }
    const starting =
      this.#senders.get(relay.relayId) ?? startClientNode().then((node): Sender => ({ node, day, link: null }))
    this.#senders.set(relay.relayId, starting)
    const sender = await starting
    const open = sender.link === null ? null : await sender.link.catch(() => null)
    if (open !== null && !open.closed) return open
    // Somebody else may have begun to open one while this call waited.
    if (sender.link === null || open !== null) sender.link = null
    sender.link ??= this.#open(sender.node, relay.addresses, relay.relayId)
    const opening = sender.link
    try {
      return await opening
    } catch (error) {
      if (sender.link === opening) sender.link = null
      throw error
    }
  }

  async deposit(relay: RelayContactPoint, deposits: readonly Deposit[]): Promise<readonly DepositOutcome[]> {
    const link = await this.#sender(relay)
    const outcomes: DepositOutcome[] = []
    for (const batch of batches(deposits)) {
      const answers = decodeDepositAnswers(await link.request({ type: 'deposit', deposits: batch }))
      if (answers.length !== batch.length) throw new ParleyError('relay-lying', 'deposit answers')
      for (const [index, deposit] of batch.entries()) {
        const answer = answers[index]
        if (answer !== undefined) outcomes.push(outcomeOf(relay.relayId, deposit, answer))
      }
    }
    return outcomes
  }

  async takeDirectory(relay: RelayContactPoint, lookupId: Uint8Array): Promise<Uint8Array | null> {
    const link = await this.#sender(relay)
    return decodeOptionalItem(await link.request({ type: 'take-directory', lookupId }))
  }

  async takeInvite(relay: RelayContactPoint, slotId: Uint8Array, takerNonce: Uint8Array): Promise<SlotOutcome> {
    const link = await this.#sender(relay)
    return decodeInviteTaken(await link.request({ type: 'take-invite', slotId, takerNonce }))
  }

  async putBlob(relay: RelayContactPoint, upload: BlobUpload, signal: AbortSignal): Promise<BlobUploadOutcome> {
    const { connection } = await this.#sender(relay)
    const { blobId, mailboxId, token, sizeBytes, sha256: hash, ttlSeconds } = upload
    const capabilityHash = sha256(upload.readCapability)
    const answer = await uploadBlob(
      connection,
      { op: 'put', blobId, mailboxId, token, sizeBytes, sha256: hash, capabilityHash, ttlSeconds },
      upload,
      signal,
    )
    if (answer.status === 'refused') return { kind: 'refused', code: answer.code }
    const { storedAtMs, expiresAtMs, signature } = answer
    const signed = receiptBytes({
      what: 'blob',
      relayId: relay.relayId,
      mailboxId,
      subject: blobId,
      storedAtMs,
      expiresAtMs,
    })
    return { kind: 'held', receipt: provenReceipt(relay.relayId, signed, signature), expiresAtMs }
  }

  async getBlob(
    relay: RelayContactPoint,
    request: { readonly blobId: BlobId; readonly readCapability: Uint8Array; readonly offset: number },
    signal: AbortSignal,
  ) {
    const { connection } = await this.#sender(relay)
    return downloadBlob(connection, request, signal)
  }

  async blobDone(relay: RelayContactPoint, blobId: BlobId, readCapability: Uint8Array): Promise<void> {
    const { connection } = await this.#sender(relay)
    await tellBlobDone(connection, blobId, readCapability)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const nodes = [this.#ownerNode, ...[...this.#senders.values()].map(async (sender) => (await sender).node)]
    await Promise.all(nodes.map(async (node) => (await node)?.stop()))
  }
}

const SILENT = { onPush: () => undefined, onStock: () => undefined, onClosed: () => undefined }

function infoOf({ hello, frontEnds }: RelayLink): RelayInfo {
  return {
    relayId: frontEnds.relayId,
    addresses: frontEnds.addresses,
    retentionSeconds: hello.retentionSeconds,
    maxEnvelopeBytes: hello.maxEnvelopeBytes,
    maxBlobBytes: hello.maxBlobBytes,
  }
}

function* batches(deposits: readonly Deposit[]): Generator<readonly Deposit[]> {
  let batch: Deposit[] = []
  let bytes = 0
  for (const deposit of deposits) {
    const size = deposit.envelope.length + BATCH_OVERHEAD_BYTES
    if (batch.length > 0 && (bytes + size > BATCH_BYTES || batch.length === 256)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(deposit)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** A receipt counts only when the relay's key signed it for exactly these bytes. @throws relay-lying */
function outcomeOf(relayId: RelayId, { mailboxId, envelope }: Deposit, answer: DepositAnswer): DepositOutcome {
  if (answer.kind !== 'held') return answer
  const { storedAtMs, expiresAtMs, signature } = answer
  const subject = idFromBytes<EnvelopeId>(sha256(envelope).slice(0, 16))
  const signed = receiptBytes({ what: 'envelope', relayId, mailboxId, subject, storedAtMs, expiresAtMs })
  return { kind: 'held', receipt: provenReceipt(relayId, signed, signature), expiresAtMs }
}

function provenReceipt(relayId: RelayId, signed: Uint8Array, signature: Uint8Array): Uint8Array {
  if (!verifyEd25519(idToBytes(relayId), signed, signature)) throw new ParleyError('relay-lying', 'receipt')
  return new ByteWriter(256).raw(signed).fixed(signature, 64).finish()
}
