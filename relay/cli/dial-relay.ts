/** Dials a relay as an app does: its key must have signed for whoever answers at the address. */

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Connection } from '@libp2p/interface'
import { idToBytes } from '../../shared/model/ids.ts'
import type { RelayId } from '../../shared/model/ids.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { decodeHelloAnswer, decodeRelayMessage } from '../../shared/wire/relay-answers.ts'
import { encodeRequest, MAILBOX_PROTOCOL, MAILBOX_VERSION } from '../../shared/wire/relay-requests.ts'
import { decodeFrontEnds, frontEndsToSign } from '../../shared/wire/relay-signed.ts'
import { loadQuic } from '../quic.ts'
import { verifyEd25519 } from '../relay-key.ts'

const DIAL_WITHIN_MS = 10_000

export type DialAnswer =
  { readonly reached: true; readonly roundTripMs: number } | { readonly reached: false; readonly why: string }

/** @param expected null: whichever relay answers */
export async function dialRelay(address: string, expected: RelayId | null): Promise<DialAnswer> {
  const quic = await loadQuic()
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), webSockets(), ...(quic === null ? [] : [quic()])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  try {
    const startedAtMs = performance.now()
    const signal = AbortSignal.timeout(DIAL_WITHIN_MS)
    const connection = await node.dial(multiaddr(address), { signal })
    const isThisRelay = await greet(connection, expected)
    if (!isThisRelay) return { reached: false, why: 'somebody else answers there' }
    return { reached: true, roundTripMs: performance.now() - startedAtMs }
  } catch (error) {
    return { reached: false, why: whyOf(error) }
  } finally {
    await node.stop()
  }
}

async function greet(connection: Connection, expected: RelayId | null): Promise<boolean> {
  const signal = AbortSignal.timeout(DIAL_WITHIN_MS)
  const stream = new FramedStream(await connection.newStream(MAILBOX_PROTOCOL, { signal }))
  await stream.write(encodeRequest(1, { type: 'hello', minVersion: MAILBOX_VERSION, maxVersion: MAILBOX_VERSION }))
  const frame = await stream.nextFrame()
  const message = frame === null ? null : decodeRelayMessage(frame)
  if (message?.type !== 'reply') return false
  const { body, signature, list } = decodeFrontEnds(decodeHelloAnswer(message.payload).frontEnds)
  const signed = verifyEd25519(idToBytes(list.relayId), frontEndsToSign(body), signature)
  const isWanted = expected === null || list.relayId === expected
  return signed && isWanted && list.peers.includes(connection.remotePeer.toString())
}

function whyOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name} ${error.message} ${causesOf(error)}` : ''
  if (text.includes('ECONNREFUSED')) return 'nothing listens there'
  if (/ENOTFOUND|EAI_AGAIN|NXDOMAIN/.test(text)) return 'the name has no address'
  if (/Timeout|aborted|ETIMEDOUT/i.test(text)) return 'no answer within 10 seconds'
  if (/EHOSTUNREACH|ENETUNREACH/.test(text)) return 'no way leads there'
  return 'the connection failed'
}

function causesOf(error: Error): string {
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [error.cause]
  return inner.map((cause) => (cause instanceof Error ? `${cause.name} ${cause.message}` : '')).join(' ')
}
