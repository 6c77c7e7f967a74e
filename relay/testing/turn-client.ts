/** A client of TURN that asks for one allocation over UDP (RFC 5389, RFC 8656): whether a credential is good. */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const MAGIC_COOKIE = 0x2112a442
const ALLOCATE = 0x0003
const ALLOCATED = 0x0103
const REFUSED = 0x0113
const ATTRIBUTES = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  realm: 0x0014,
  nonce: 0x0015,
  transport: 0x0019,
}
const UDP = Buffer.from([17, 0, 0, 0])
const INTEGRITY_BYTES = 24

interface Answer {
  readonly type: number
  readonly attributes: ReadonlyMap<number, Buffer>
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

function request(attributes: readonly Buffer[], key: Buffer | null): Buffer {
  const body = Buffer.concat(attributes)
  const head = Buffer.alloc(20)
  head.writeUInt16BE(ALLOCATE, 0)
  head.writeUInt16BE(body.length + (key === null ? 0 : INTEGRITY_BYTES), 2)
  head.writeUInt32BE(MAGIC_COOKIE, 4)
  randomBytes(12).copy(head, 8)
  const message = Buffer.concat([head, body])
  if (key === null) return message
  return Buffer.concat([message, attribute(ATTRIBUTES.integrity, createHmac('sha1', key).update(message).digest())])
}

function parse(message: Buffer): Answer {
  const attributes = new Map<number, Buffer>()
  for (let at = 20; at + 4 <= message.length;) {
    const length = message.readUInt16BE(at + 2)
    attributes.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length))
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return { type: message.readUInt16BE(0), attributes }
}

/** `allocated`, or the number of the server's refusal. */
export async function allocate(
  port: number,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<'allocated' | number> {
  const socket = createSocket('udp4')
  const ask = async (message: Buffer): Promise<Answer> => {
    const answered = once(socket, 'message') as Promise<[Buffer]>
    socket.send(message, port, '127.0.0.1')
    const [answer] = await answered
    return parse(answer)
  }
  try {
    const transport = attribute(ATTRIBUTES.transport, UDP)
    const challenged = await ask(request([transport], null))
    const realm = challenged.attributes.get(ATTRIBUTES.realm) ?? Buffer.alloc(0)
    const nonce = challenged.attributes.get(ATTRIBUTES.nonce) ?? Buffer.alloc(0)
    const key = createHash('md5').update(`${username}:${realm.toString()}:${password}`).digest()
    const proven = [
      transport,
      attribute(ATTRIBUTES.username, Buffer.from(username)),
      attribute(ATTRIBUTES.realm, realm),
      attribute(ATTRIBUTES.nonce, nonce),
    ]
    const { type, attributes } = await ask(request(proven, key))
    if (type === ALLOCATED) return 'allocated'
    if (type !== REFUSED) throw new Error(`an answer of type ${type}`)
    const code = attributes.get(ATTRIBUTES.errorCode)
    return code === undefined ? 0 : (code[2] ?? 0) * 100 + (code[3] ?? 0)
  } finally {
    socket.close()
  }
}
