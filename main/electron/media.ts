import { protocol } from 'electron'
import type { EngineToHost, HostToEngine } from '../../shared/ipc/engine-host.ts'
import { MEDIA_SCHEME } from '../../shared/ipc/shell-contract.ts'
import { respondWithMedia } from './media-response.ts'
import type { MediaPart } from './media-response.ts'

type MediaReply = Extract<EngineToHost, { type: 'media-reply' }>

export interface MediaRequests {
  /** Starts to serve `parley-media://`. */
  serve(): void
  settle(reply: MediaReply): void
  /** The engine died: what was asked of it has no answer any more. */
  abandon(): void
}

export const createMediaRequests = (send: (message: HostToEngine) => boolean): MediaRequests => {
  const waiting = new Map<number, (part: MediaPart | undefined) => void>()
  let lastRequestId = 0

  const settle = (requestId: number, part: MediaPart | undefined): void => {
    waiting.get(requestId)?.(part)
    waiting.delete(requestId)
  }

  const read = async (messageId: string, start: number, end: number): Promise<MediaPart | undefined> =>
    await new Promise((resolve) => {
      lastRequestId += 1
      waiting.set(lastRequestId, resolve)
      const sent = send({ type: 'media-request', requestId: lastRequestId, messageId, start, end })
      if (!sent) settle(lastRequestId, undefined)
    })

  return {
    serve: () => protocol.handle(MEDIA_SCHEME, async (request) => await respondWithMedia(request, read)),
    settle: ({ requestId, result }) => settle(requestId, result.ok ? result : undefined),
    abandon: () => {
      for (const resolve of waiting.values()) resolve(undefined)
      waiting.clear()
    },
  }
}
