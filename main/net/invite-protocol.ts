/** `/parley/invite/1`: taking an invite at the device that made it. docs/protocol/direct.md. */

import type { Connection, Stream } from '@libp2p/interface'
import type { DirectHandlers, InviteAnswer } from '../ports/direct.ts'
import { ParleyError } from '../../shared/errors.ts'
import {
  decodeInviteAnswer,
  decodeInviteRequest,
  encodeInviteAnswer,
  encodeInviteRequest,
  INVITE_PROTOCOL,
} from '../../shared/wire/direct-frames.ts'
import { FramedStream } from '../../shared/wire/framed-stream.ts'
import { networkFailure } from './failure.ts'

/** Never rejects: whatever fails ends the stream. */
export async function serveInvite(stream: Stream, take: DirectHandlers['takeInvite']): Promise<void> {
  const framed = new FramedStream(stream)
  try {
    const first = await framed.nextFrame()
    if (first === null) return
    const { slotId, takerNonce } = decodeInviteRequest(first)
    await framed.write(encodeInviteAnswer(await take(slotId, takerNonce)))
    await framed.close()
  } catch (error) {
    framed.abort(networkFailure(error))
  }
}

/** @throws unreachable | timeout | malformed */
export async function askForInvite(
  connection: Connection,
  request: { readonly slotId: Uint8Array; readonly takerNonce: Uint8Array },
  signal: AbortSignal,
): Promise<InviteAnswer> {
  const stream = await connection.newStream(INVITE_PROTOCOL, { signal, runOnLimitedConnection: true })
  const onAbort = (): void => {
    stream.abort(new ParleyError('timeout', 'invite'))
  }
  signal.addEventListener('abort', onAbort)
  try {
    const framed = new FramedStream(stream)
    await framed.write(encodeInviteRequest(request))
    const first = await framed.nextFrame()
    if (first === null) throw new ParleyError('unreachable', 'no answer')
    const answer = decodeInviteAnswer(first)
    await framed.close()
    return answer
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
