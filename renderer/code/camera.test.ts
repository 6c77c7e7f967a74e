import { describe, expect, it, vi } from 'vitest'
import { openCamera, stopCamera } from './camera.ts'

const failing = (name: string) => ({
  getUserMedia: () => Promise.reject(new DOMException('refused', name)),
})

describe('openCamera', () => {
  it.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'none'],
    ['NotReadableError', 'busy'],
    ['TypeError', 'failed'],
  ] as const)('tells %s as %s', async (name, problem) => {
    expect(await openCamera(failing(name))).toEqual({ ok: false, problem })
  })

  it('calls a browser without cameras what it is', async () => {
    expect(await openCamera(undefined)).toEqual({ ok: false, problem: 'none' })
  })

  it('never asks for the microphone', async () => {
    const getUserMedia = vi.fn(async (_constraints?: MediaStreamConstraints) => new MediaStream())
    await openCamera({ getUserMedia })
    expect(getUserMedia.mock.calls[0]?.[0]?.audio).toBe(false)
  })
})

it('stopping the camera stops each of its tracks', () => {
  const stops = [vi.fn(), vi.fn()]
  const stream = { getTracks: () => stops.map((stop) => ({ stop })) }
  stopCamera(stream)
  for (const stop of stops) expect(stop).toHaveBeenCalledOnce()
})
