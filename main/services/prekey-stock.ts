/** This device's prekeys: made, renewed weekly, and laid into each relay's directory as sealed bundles, a set of its own for each relay. */

import { encodePrekeyBundle, generatePrekeys, sealDirectoryItem } from '../crypto/index.ts'
import type { PrekeySecret } from '../crypto/index.ts'
import { PREKEY_BATCH, PREKEY_REFILL_BELOW, SIGNED_PREKEY_LIFE_MS } from '../domain/delivery-limits.ts'
import type { OwnerConnection } from '../ports/relay.ts'
import type { PrekeyKind, PrekeyRecord } from '../ports/store/records.ts'
import type { RelayId } from '../../shared/model/ids.ts'
import type { Core } from './core.ts'
import { ownAccount } from './core.ts'
import { directoryPlace } from './reach.ts'

export class PrekeyStock {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  /**
   * Makes a new signed and a new last-resort prekey when a week is over; what relays hand out is then made anew, so that
   * no bundle outlives the secrets that it needs.
   */
  renewIfDue(): boolean {
    const { store, clock } = this.#core
    return store.transaction(() => {
      const newest = store.prekeys.newest('signed')
      if (newest !== null && newest.createdAtMs > clock.nowMs() - SIGNED_PREKEY_LIFE_MS) return false
      this.#make('signed', 1)
      this.#make('kem-last-resort', 1)
      for (const { relayId } of store.relays.list()) store.relays.update(relayId, { directoryFilled: false })
      return true
    })
  }

  /** Encoded bundles with one-time prekeys of both kinds; their secrets are stored when this returns. */
  takeBundles(count: number): readonly Uint8Array[] {
    return this.#core.store.transaction(() => {
      const signed = this.#newest('signed')
      const oneTime = this.#make('one-time', count)
      const kem = this.#make('kem-one-time', count)
      return oneTime.flatMap((ec, index) => {
        const kemPrekey = kem[index]
        return kemPrekey === undefined ? [] : [this.#bundle(signed, kemPrekey, ec)]
      })
    })
  }

  /** Can be handed out again and again. */
  lastResortBundle(): Uint8Array {
    return this.#core.store.transaction(() =>
      this.#bundle(this.#newest('signed'), this.#newest('kem-last-resort'), null),
    )
  }

  /** `remaining: null`: the directory there is empty or not to be trusted, and is made anew. */
  async fill(connection: OwnerConnection, relayId: RelayId, remaining: number | null): Promise<void> {
    if (remaining !== null && remaining >= PREKEY_REFILL_BELOW) return
    const { directoryKey } = ownAccount(this.#core.store)
    const place = directoryPlace(this.#core.crypto, directoryKey, relayId, this.#core.local.device.deviceId)
    const seal = (bundle: Uint8Array): Uint8Array => sealDirectoryItem(this.#core.crypto, place.sealKey, bundle)
    await connection.putDirectory({
      lookupId: place.lookupId,
      items: this.takeBundles(PREKEY_BATCH - (remaining ?? 0)).map(seal),
      lastResort: seal(this.lastResortBundle()),
      replace: remaining === null,
    })
  }

  #bundle(signed: PrekeySecret, kem: PrekeySecret, oneTime: PrekeySecret | null): Uint8Array {
    const { device } = this.#core.local
    const publicPart = ({ id, publicKey, signature }: PrekeySecret) => ({ id, publicKey, signature })
    return encodePrekeyBundle({
      deviceId: device.deviceId,
      identityKey: device.identity.publicKey,
      signed: publicPart(signed),
      kem: publicPart(kem),
      oneTime: oneTime === null ? null : { id: oneTime.id, publicKey: oneTime.publicKey },
    })
  }

  #newest(kind: 'signed' | 'kem-last-resort'): PrekeySecret {
    const newest = this.#core.store.prekeys.newest(kind)
    if (newest !== null) return { ...newest, id: newest.prekeyId }
    const [made] = this.#make(kind, 1)
    if (made === undefined) throw new Error('no prekey was made')
    return made
  }

  #make(kind: PrekeyKind, count: number): readonly PrekeySecret[] {
    const { store, crypto, local, clock } = this.#core
    const made = generatePrekeys(crypto, local.device, kind, store.prekeys.reserveIds(count), count)
    const createdAtMs = clock.nowMs()
    store.prekeys.insert(
      made.map(({ id, secret, publicKey, signature }): PrekeyRecord => ({
        kind,
        prekeyId: id,
        secret,
        publicKey,
        signature,
        createdAtMs,
      })),
    )
    return made
  }
}
