/** The camera while a code is looked for: one stream, stopped by whoever opened it. */

export type CameraProblem = 'denied' | 'none' | 'busy' | 'failed'

/** Wide enough for a code that fills a third of the picture, small enough to be read ten times a second. */
const CONSTRAINTS: MediaStreamConstraints = {
  audio: false,
  video: { width: { ideal: 1_280 }, height: { ideal: 720 }, facingMode: 'environment' },
}

export type CameraResult =
  { readonly ok: true; readonly stream: MediaStream } | { readonly ok: false; readonly problem: CameraProblem }

export async function openCamera(devices: Pick<MediaDevices, 'getUserMedia'> | undefined): Promise<CameraResult> {
  if (devices === undefined) return { ok: false, problem: 'none' }
  try {
    return { ok: true, stream: await devices.getUserMedia(CONSTRAINTS) }
  } catch (error) {
    return { ok: false, problem: problemOf(error) }
  }
}

function problemOf(error: unknown): CameraProblem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none'
    case 'NotReadableError':
    case 'AbortError':
      return 'busy'
    default:
      return 'failed'
  }
}

export function stopCamera(stream: { getTracks(): readonly { stop(): void }[] }): void {
  for (const track of stream.getTracks()) track.stop()
}
