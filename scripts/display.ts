import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Display {
  /** To be laid over the environment of what opens windows. */
  readonly env: Readonly<Record<string, string>>
  readonly virtual: boolean
  stop(): Promise<void>
}

export interface ScreenSize {
  readonly widthPx: number
  readonly heightPx: number
}

const readDisplayNumber = async (pipe: Readable): Promise<string> => {
  let text = ''
  for await (const chunk of pipe) {
    text += String(chunk)
    const line = text.split('\n')[0]
    if (text.includes('\n') && line) return line
  }
  throw new Error('Xvfb ended before it had a display')
}

/** The display that is there, else (Linux without one) a virtual one on the first free number. */
export const openDisplay = async (screen: ScreenSize = { widthPx: 1600, heightPx: 1000 }): Promise<Display> => {
  const present = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  if (present) return { env: {}, virtual: false, stop: () => Promise.resolve() }
  const size = `${screen.widthPx}x${screen.heightPx}x24`
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const failed = new Promise<never>((_, reject) => server.once('error', reject))
  const killWithUs = (): void => void server.kill('SIGTERM')
  process.once('exit', killWithUs)
  const number = await Promise.race([readDisplayNumber(server.stdio[3] as Readable), failed])
  return {
    env: { DISPLAY: `:${number}` },
    virtual: true,
    stop: async () => {
      process.off('exit', killWithUs)
      server.kill('SIGTERM')
      await closed
    },
  }
}
