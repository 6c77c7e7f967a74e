/** The input under examination, in memory that two threads share: what is left of a thread that hangs or dies. */

/** Longer than any target's inputs. */
const CAPACITY_BYTES = 1_048_576
const COUNTER = 0
const LENGTH = 1
const HEAD_BYTES = 8

export class CurrentInput {
  readonly buffer: SharedArrayBuffer
  readonly #head: Int32Array
  readonly #bytes: Uint8Array

  constructor(buffer = new SharedArrayBuffer(HEAD_BYTES + CAPACITY_BYTES)) {
    this.buffer = buffer
    this.#head = new Int32Array(buffer, 0, 2)
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES)
  }

  set(input: Uint8Array): void {
    this.#bytes.set(input)
    this.#head[LENGTH] = input.length
    Atomics.add(this.#head, COUNTER, 1)
  }

  /** Goes up with each input. */
  get count(): number {
    return Atomics.load(this.#head, COUNTER)
  }

  get(): Uint8Array {
    return this.#bytes.slice(0, this.#head[LENGTH])
  }
}
