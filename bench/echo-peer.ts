/**
 * The reference of the delivery benchmark: a bare libp2p node that echoes, with the stack that the product uses
 * (QUIC, or TCP with Noise and Yamux), and one append and fsync for every commit that the product makes on the way.
 *
 * `--dial ADDRESS`: takes `{"id":1,"text":"…"}` lines, makes the text durable, sends it in a frame of the envelope's
 * size and answers `{"id":1,"same":true}` once the echo is back. Without it: echoes, durably; with `--onward ADDRESS`
 * it gets the echo from there first, as a relay that passes on.
 */
import '../main/net/promise-with-resolvers.ts'
import { fsyncSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { FramedStream } from '../shared/wire/framed-stream.ts'

const PROTOCOL = '/bench/echo/1'

const { values } = parseArgs({
  options: {
    listen: { type: 'string', multiple: true, default: [] },
    dial: { type: 'string' },
    onward: { type: 'string' },
    journal: { type: 'string' },
    bytes: { type: 'string' },
  },
})

const journal = openSync(values.journal ?? '', 'a')
const commit = (bytes: Uint8Array): void => {
  writeSync(journal, bytes)
  fsyncSync(journal)
}

const node = await createLibp2p({
  addresses: { listen: values.listen },
  transports: [tcp(), quic()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: { identify: identify() },
})

/** One question at a time. */
const openEcho = async (address: string): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> => {
  const connection = await node.dial(multiaddr(address))
  const stream = new FramedStream(await connection.newStream(PROTOCOL))
  const frames = stream.frames()
  return async (bytes) => {
    await stream.write(bytes)
    const answer = await frames.next()
    if (answer.done === true) throw new Error('the echo ended')
    return answer.value
  }
}

const serve = async (): Promise<void> => {
  const onward = values.onward === undefined ? null : await openEcho(values.onward)
  await node.handle(PROTOCOL, async (raw) => {
    const stream = new FramedStream(raw)
    for await (const frame of stream.frames()) {
      commit(frame)
      await stream.write(onward === null ? frame : await onward(frame))
    }
  })
  console.log(JSON.stringify({ addresses: node.getMultiaddrs().map(String) }))
}

const ask = async (address: string): Promise<void> => {
  const echo = await openEcho(address)
  const encoder = new TextEncoder()
  console.log(JSON.stringify({ ready: true }))
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, text } = JSON.parse(line) as { readonly id: number; readonly text: string }
    const bytes = new Uint8Array(Number(values.bytes))
    encoder.encodeInto(text, bytes)
    commit(bytes)
    const answer = await echo(bytes)
    console.log(JSON.stringify({ id, same: Buffer.compare(answer, bytes) === 0 }))
  }
}

await (values.dial === undefined ? serve() : ask(values.dial))
