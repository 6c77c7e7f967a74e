/** What the clients of a relay were promised, and whether what they see keeps to it. */

import { expect } from 'vitest'
import { digestOf, nameOf } from '../../main/ports/contract-tests/relay-owner.ts'
import type { EnvelopeId } from '../../shared/model/ids.ts'

export class CustodyLedger {
  readonly #deposited = new Map<EnvelopeId, string>()
  readonly #held = new Set<EnvelopeId>()
  readonly #received = new Set<EnvelopeId>()
  readonly #acknowledged = new Set<EnvelopeId>()
  readonly #prekeys = new Set<string>()
  #prekeysTwice = 0

  /** About to be deposited: it may be stored from here on. */
  deposits(envelope: Uint8Array): void {
    this.#deposited.set(nameOf(envelope), digestOf(envelope))
  }

  /** A receipt came that was signed and verified. */
  held(envelope: Uint8Array): void {
    this.#held.add(nameOf(envelope))
  }

  /** @throws when it was acknowledged before, or was never deposited */
  pushed(envelope: Uint8Array): EnvelopeId {
    const id = nameOf(envelope)
    expect(this.#deposited.get(id), 'pushed and never deposited').toBe(digestOf(envelope))
    expect(this.#acknowledged.has(id), 'pushed after its acknowledgement was answered').toBe(false)
    this.#received.add(id)
    return id
  }

  acknowledged(envelopeIds: readonly EnvelopeId[]): void {
    for (const id of envelopeIds) this.#acknowledged.add(id)
  }

  /** Of the one-time ones. */
  prekeyTaken(item: Uint8Array): void {
    const digest = digestOf(item)
    if (this.#prekeys.has(digest)) this.#prekeysTwice += 1
    this.#prekeys.add(digest)
  }

  get heldCount(): number {
    return this.#held.size
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size
  }

  get prekeyCount(): number {
    return this.#prekeys.size
  }

  /** Once everything was drained. */
  expectKept(): void {
    const lost = [...this.#held].filter((id) => !this.#received.has(id))
    expect(lost, 'held and never delivered').toEqual([])
    expect(this.#prekeysTwice, 'one-time prekeys handed out twice').toBe(0)
  }
}
