/** A race of the likely paths to a device: good ones get a head start, bad ones hold nobody up, the first good one is taken. */

import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { DirectTransport } from '../../shared/model/chat.ts'
import { ParleyError } from '../../shared/errors.ts'
import type { Clock } from '../ports/runtime.ts'
import { networkFailure } from './failure.ts'
import { transportOf } from './multiaddrs.ts'

export interface Path {
  readonly address: Multiaddr
  readonly transport: DirectTransport
}

/** QUIC needs the fewest round trips; a circuit is the way when nothing else is quick. */
const STARTS_AFTER_MS: Readonly<Record<DirectTransport, number>> = {
  quic: 0,
  tcp: 50,
  websocket: 100,
  circuit: 400,
  webrtc: 600,
}
/** How long a better path than a circuit is looked for after the circuit stands. */
const BETTER_WITHIN_MS = 15_000
const MAX_PATHS = 24

/** Addresses that are malformed or of a transport that is not wanted are left out. */
export function pathsTo(
  addresses: readonly string[],
  peerId: string,
  transports: readonly DirectTransport[],
): readonly Path[] {
  const texts = addresses.flatMap((address) => {
    const bare = address.endsWith(`/p2p/${peerId}`) ? address.slice(0, -`/p2p/${peerId}`.length) : address
    return transportOf(bare) === 'circuit' ? [bare, `${bare}/webrtc`] : [bare]
  })
  const paths = [...new Set(texts)].flatMap((text) => {
    const transport = transportOf(text)
    if (transport === null || !transports.includes(transport)) return []
    const address = parse(`${text}/p2p/${peerId}`)
    return address === null ? [] : [{ address, transport }]
  })
  return paths.sort((a, b) => STARTS_AFTER_MS[a.transport] - STARTS_AFTER_MS[b.transport]).slice(0, MAX_PATHS)
}

function parse(text: string): Multiaddr | null {
  try {
    return multiaddr(text)
  } catch {
    return null
  }
}

export interface RaceParts<Connection> {
  readonly clock: Clock
  dial(path: Path, signal: AbortSignal): Promise<Connection>
  /** Makes use of a connection that stands. One at a time, so that the other side sees one wish only. */
  use(connection: Connection, path: Path): Promise<void>
  /** A connection that is not needed. */
  discard(connection: Connection): void
}

export interface RunningRace {
  /** Resolves when a path is in use. Rejects: unreachable | timeout */
  readonly inUse: Promise<void>
  /** Resolves later: after a circuit the race goes on until a direct path is in use too, or none is to be had. */
  readonly over: Promise<void>
}

export function racePaths<Connection>(
  paths: readonly Path[],
  parts: RaceParts<Connection>,
  signal: AbortSignal,
): RunningRace {
  return new Race(paths, parts).run(signal)
}

class Race<Connection> {
  readonly #parts: RaceParts<Connection>
  /** One for each dial that runs: an abort would also tear down a connection that came of it. */
  readonly #dials = new Set<AbortController>()
  readonly #timers = new Set<() => void>()
  #waiting: Path[]
  #running = 0
  #over = false
  #turn: Promise<void> = Promise.resolve()
  #used: DirectTransport | null = null
  #lastError: unknown = new ParleyError('unreachable', 'no path')
  #settle: { readonly resolve: () => void; readonly reject: (error: ParleyError) => void } | null = null

  #onOver: (() => void) | null = null

  constructor(paths: readonly Path[], parts: RaceParts<Connection>) {
    this.#waiting = [...paths]
    this.#parts = parts
  }

  run(signal: AbortSignal): RunningRace {
    const onAbort = (): void => {
      this.#finish(new ParleyError('timeout', 'no path in time'))
    }
    signal.addEventListener('abort', onAbort)
    const inUse = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    const over = new Promise<void>((resolve) => {
      this.#onOver = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
    })
    this.#startFirst()
    if (signal.aborted) onAbort()
    return { inUse, over }
  }

  #startFirst(): void {
    for (const delayMs of new Set(this.#waiting.map((path) => STARTS_AFTER_MS[path.transport]))) {
      if (delayMs === 0) this.#start(0)
      else {
        this.#after(delayMs, () => {
          this.#start(delayMs)
        })
      }
    }
    this.#startNextIfIdle()
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      callback()
    })
    this.#timers.add(cancel)
  }

  #start(upToMs: number): void {
    const due = this.#waiting.filter((path) => STARTS_AFTER_MS[path.transport] <= upToMs)
    this.#waiting = this.#waiting.filter((path) => !due.includes(path))
    for (const path of due) void this.#follow(path)
  }

  /** Nobody waits for a head start of those that have failed. */
  #startNextIfIdle(): void {
    if (this.#running > 0 || this.#over) return
    const [next] = this.#waiting
    if (next !== undefined) this.#start(STARTS_AFTER_MS[next.transport])
    else this.#finish(networkFailure(this.#lastError))
  }

  async #follow(path: Path): Promise<void> {
    const abort = new AbortController()
    this.#running += 1
    this.#dials.add(abort)
    try {
      const connection = await this.#parts.dial(path, abort.signal)
      this.#dials.delete(abort)
      // one after the other: when the first cannot be used, the next one is
      this.#turn = this.#turn.then(() => this.#offer(connection, path))
      await this.#turn
    } catch (error) {
      this.#dials.delete(abort)
      this.#lastError = error
    }
    this.#running -= 1
    this.#startNextIfIdle()
  }

  async #offer(connection: Connection, path: Path): Promise<void> {
    const wanted = this.#used === null || (this.#used === 'circuit' && path.transport !== 'circuit')
    if (this.#over || !wanted) {
      this.#parts.discard(connection)
      return
    }
    try {
      await this.#parts.use(connection, path)
    } catch (error) {
      this.#lastError = error
      this.#parts.discard(connection)
      return
    }
    this.#used = path.transport
    if (path.transport !== 'circuit') {
      this.#finish(null)
      return
    }
    this.#settle?.resolve()
    this.#settle = null
    // WebRTC signals through the circuit that stands now
    this.#start(Infinity)
    this.#after(BETTER_WITHIN_MS, () => {
      this.#finish(null)
    })
  }

  #finish(error: ParleyError | null): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#waiting = []
    this.#over = true
    for (const dial of this.#dials) dial.abort()
    if (error === null) this.#settle?.resolve()
    else this.#settle?.reject(error)
    this.#settle = null
    this.#onOver?.()
  }
}
