/** Frames that have begun to come and are not whole: what they hold in memory together, and how long one may take. */

/** A quarter of a megabyte in a minute: some 35 kbit/s. */
const WITHIN_MS = 60_000

interface Half {
  bytes: number
  readonly end: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class HalfFrames {
  readonly #maxBytes: number
  readonly #withinMs: number
  /** The one that began first stands first. */
  readonly #halves = new Set<Half>()
  #bytes = 0

  constructor(maxBytes: number, withinMs: number = WITHIN_MS) {
    this.#maxBytes = maxBytes
    this.#withinMs = withinMs
  }

  get bytes(): number {
    return this.#bytes
  }

  /** For one stream, which `end` ends: to be told whenever the bytes of its unfinished frame are others; 0: there is none. */
  watch(end: (error: Error) => void): (bytes: number) => void {
    let half: Half | null = null
    return (bytes) => {
      if (half !== null && !this.#halves.has(half)) half = null
      if (bytes === 0) {
        if (half !== null) this.#forget(half)
        half = null
        return
      }
      half ??= this.#begin(end)
      this.#bytes += bytes - half.bytes
      half.bytes = bytes
      this.#makeRoom()
    }
  }

  #begin(end: (error: Error) => void): Half {
    const timer = setTimeout(() => {
      this.#let(half, 'a frame that does not end')
    }, this.#withinMs)
    timer.unref()
    const half: Half = { bytes: 0, end, timer }
    this.#halves.add(half)
    return half
  }

  /** Whoever dawdles longest goes first: an honest one is done in a moment. */
  #makeRoom(): void {
    for (const half of this.#halves) {
      if (this.#bytes <= this.#maxBytes) return
      this.#let(half, 'too many unfinished frames')
    }
  }

  #let(half: Half, why: string): void {
    this.#forget(half)
    half.end(new Error(why))
  }

  #forget(half: Half): void {
    clearTimeout(half.timer)
    this.#halves.delete(half)
    this.#bytes -= half.bytes
  }
}
