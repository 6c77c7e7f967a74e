/** Bytes that may be under way at once. Who comes when they are used up waits, in the order of coming. */

interface Waiting {
  readonly bytes: number
  readonly admit: () => void
}

export class ByteBudget {
  readonly #maxBytes: number
  readonly #waiting: Waiting[] = []
  #used = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get used(): number {
    return this.#used
  }

  /** Resolves when there is room for them; what is larger than all of it goes alone. Whoever takes gives back. */
  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((admit) => {
      this.#waiting.push({ bytes, admit })
    })
  }

  giveBack(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#used += next.bytes
      next.admit()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#maxBytes
  }
}
