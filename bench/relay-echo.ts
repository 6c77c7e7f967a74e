/** The reference for messages to connected owners: a bare libp2p node that makes each frame durable and sends it back. */
import '../main/net/promise-with-resolvers.ts'
import { fsyncSync, openSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { FramedStream } from '../shared/wire/framed-stream.ts'

export const ECHO_PROTOCOL = '/bench/echo/1'

const { values } = parseArgs({ options: { journal: { type: 'string' } } })
const journal = openSync(values.journal ?? '', 'a')
const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
})
await node.handle(ECHO_PROTOCOL, async (raw) => {
  const stream = new FramedStream(raw)
  for await (const frame of stream.frames()) {
    writeSync(journal, frame)
    fsyncSync(journal)
    await stream.write(frame)
  }
})
console.log(JSON.stringify({ addresses: node.getMultiaddrs().map(String) }))
