/** A device of libsignal's, with stores in memory. */

type Bytes = Uint8Array<ArrayBuffer>

/** Objects of its own that are only handed back to it. */
export interface Opaque {
  readonly opaque: unique symbol
}
interface PublicKey {
  serialize(): Bytes
}
interface PrivateKey {
  getPublicKey(): PublicKey
  sign(message: Bytes): Bytes
}
interface Serializable {
  serialize(): Bytes
}
interface Address {
  toString(): string
}
interface Ciphertext {
  type(): number
  serialize(): Bytes
}
type StoreBase = new () => object

/** The part of its interface that is measured (dist/index.d.ts of 0.103.0). */
export interface Libsignal {
  readonly SessionStore: StoreBase
  readonly IdentityKeyStore: StoreBase
  readonly PreKeyStore: StoreBase
  readonly SignedPreKeyStore: StoreBase
  readonly KyberPreKeyStore: StoreBase
  readonly SenderKeyStore: StoreBase
  readonly PrivateKey: { generate(): PrivateKey }
  readonly KEMKeyPair: { generate(): { getPublicKey(): PublicKey } }
  readonly ProtocolAddress: { new: (name: string, deviceId: number) => Address }
  readonly SessionRecord: { deserialize(bytes: Bytes): Serializable }
  readonly SenderKeyRecord: { deserialize(bytes: Bytes): Serializable }
  readonly PreKeyRecord: { new: (id: number, publicKey: PublicKey, secretKey: PrivateKey) => Opaque }
  readonly SignedPreKeyRecord: {
    new: (id: number, atMs: number, publicKey: PublicKey, secretKey: PrivateKey, signature: Bytes) => Opaque
  }
  readonly KyberPreKeyRecord: {
    new: (id: number, atMs: number, keys: { getPublicKey(): PublicKey }, signature: Bytes) => Opaque
  }
  readonly PreKeyBundle: { new: (...parts: readonly (number | PublicKey | Bytes)[]) => Opaque }
  readonly PreKeySignalMessage: { deserialize(bytes: Bytes): Opaque }
  readonly SignalMessage: { deserialize(bytes: Bytes): Opaque }
  readonly SenderKeyDistributionMessage: {
    create(sender: Address, distributionId: string, store: object): Promise<Serializable & Opaque>
    deserialize(bytes: Bytes): Opaque
  }
  processPreKeyBundle(bundle: Opaque, to: Address, from: Address, sessions: object, identity: object): Promise<void>
  signalEncrypt(message: Bytes, to: Address, from: Address, sessions: object, identity: object): Promise<Ciphertext>
  signalDecrypt(message: Opaque, from: Address, to: Address, sessions: object, identity: object): Promise<Bytes>
  signalDecryptPreKey(
    message: Opaque,
    from: Address,
    to: Address,
    ...stores: readonly [object, object, object, object, object]
  ): Promise<Bytes>
  processSenderKeyDistributionMessage(sender: Address, message: Opaque, store: object): Promise<void>
  groupEncrypt(sender: Address, distributionId: string, store: object, message: Bytes): Promise<Ciphertext>
  groupDecrypt(sender: Address, store: object, message: Bytes): Promise<Bytes>
}

/** `objects`: its records stay in memory as they are. `bytes`: each is serialized at each step. */
export type StoreMode = 'objects' | 'bytes'

const PREKEY_MESSAGE = 3

/** A device of libsignal's, with stores in memory. */
export class LibsignalParty {
  readonly address: Address
  readonly senderKeys: object
  readonly #library: Libsignal
  readonly #identityKey: PrivateKey
  readonly #registrationId: number
  readonly #sessions: object
  readonly #identity: object
  readonly #prekeys: Map<string, Opaque>
  readonly #prekeyStores: readonly [object, object, object]

  constructor(library: Libsignal, name: string, mode: StoreMode) {
    this.#library = library
    this.address = library.ProtocolAddress.new(name, 1)
    this.#identityKey = library.PrivateKey.generate()
    this.#registrationId = name.length
    this.#sessions = sessionStore(library, mode)
    this.senderKeys = senderKeyStore(library, mode)
    this.#identity = identityStore(library, this.#identityKey, this.#registrationId)
    this.#prekeys = new Map()
    this.#prekeyStores = prekeyStores(library, this.#prekeys)
  }

  bundle(): Opaque {
    const { PrivateKey, KEMKeyPair, PreKeyBundle, PreKeyRecord, SignedPreKeyRecord, KyberPreKeyRecord } = this.#library
    const [oneTime, signed, kem] = [PrivateKey.generate(), PrivateKey.generate(), KEMKeyPair.generate()]
    const signature = this.#identityKey.sign(signed.getPublicKey().serialize())
    const kemSignature = this.#identityKey.sign(kem.getPublicKey().serialize())
    this.#prekeys.set('one-time', PreKeyRecord.new(1, oneTime.getPublicKey(), oneTime))
    this.#prekeys.set('signed', SignedPreKeyRecord.new(1, 0, signed.getPublicKey(), signed, signature))
    this.#prekeys.set('kem', KyberPreKeyRecord.new(1, 0, kem, kemSignature))
    return PreKeyBundle.new(
      this.#registrationId,
      1,
      1,
      oneTime.getPublicKey(),
      1,
      signed.getPublicKey(),
      signature,
      this.#identityKey.getPublicKey(),
      1,
      kem.getPublicKey(),
      kemSignature,
    )
  }

  async start(peer: LibsignalParty, bundle: Opaque): Promise<void> {
    await this.#library.processPreKeyBundle(bundle, peer.address, this.address, this.#sessions, this.#identity)
  }

  async seal(peer: LibsignalParty, message: Bytes): Promise<{ readonly type: number; readonly bytes: Bytes }> {
    const sealed = await this.#library.signalEncrypt(
      message,
      peer.address,
      this.address,
      this.#sessions,
      this.#identity,
    )
    return { type: sealed.type(), bytes: sealed.serialize() }
  }

  open(peer: LibsignalParty, sealed: { readonly type: number; readonly bytes: Bytes }): Promise<Bytes> {
    const { PreKeySignalMessage, SignalMessage } = this.#library
    if (sealed.type === PREKEY_MESSAGE) {
      const message = PreKeySignalMessage.deserialize(sealed.bytes)
      const [oneTime, signed, kem] = this.#prekeyStores
      return this.#library.signalDecryptPreKey(
        message,
        peer.address,
        this.address,
        this.#sessions,
        this.#identity,
        oneTime,
        signed,
        kem,
      )
    }
    const message = SignalMessage.deserialize(sealed.bytes)
    return this.#library.signalDecrypt(message, peer.address, this.address, this.#sessions, this.#identity)
  }
}

const sessionStore = ({ SessionStore, SessionRecord }: Libsignal, mode: StoreMode): object => {
  const records = recordMap(SessionRecord, mode)
  return new (class extends SessionStore {
    async saveSession(name: Address, record: Serializable): Promise<void> {
      records.set(name.toString(), record)
    }
    async getSession(name: Address): Promise<Serializable | null> {
      return records.get(name.toString())
    }
    async getExistingSessions(names: readonly Address[]): Promise<readonly (Serializable | null)[]> {
      return names.map((name) => records.get(name.toString()))
    }
  })()
}

const senderKeyStore = ({ SenderKeyStore, SenderKeyRecord }: Libsignal, mode: StoreMode): object => {
  const records = recordMap(SenderKeyRecord, mode)
  return new (class extends SenderKeyStore {
    async saveSenderKey(sender: Address, distributionId: string, record: Serializable): Promise<void> {
      records.set(`${sender.toString()} ${distributionId}`, record)
    }
    async getSenderKey(sender: Address, distributionId: string): Promise<Serializable | null> {
      return records.get(`${sender.toString()} ${distributionId}`)
    }
  })()
}

const recordMap = (kind: { deserialize(bytes: Bytes): Serializable }, mode: StoreMode) => {
  const objects = new Map<string, Serializable>()
  const bytes = new Map<string, Bytes>()
  return {
    set: (name: string, record: Serializable): void => {
      if (mode === 'objects') objects.set(name, record)
      else bytes.set(name, record.serialize())
    },
    get: (name: string): Serializable | null => {
      if (mode === 'objects') return objects.get(name) ?? null
      const stored = bytes.get(name)
      return stored === undefined ? null : kind.deserialize(stored)
    },
  }
}

const identityStore = ({ IdentityKeyStore }: Libsignal, identityKey: PrivateKey, registrationId: number): object => {
  const known = new Map<string, PublicKey>()
  return new (class extends IdentityKeyStore {
    async getIdentityKey(): Promise<PrivateKey> {
      return identityKey
    }
    async getLocalRegistrationId(): Promise<number> {
      return registrationId
    }
    async saveIdentity(name: Address, key: PublicKey): Promise<number> {
      known.set(name.toString(), key)
      return 0
    }
    async isTrustedIdentity(): Promise<boolean> {
      return true
    }
    async getIdentity(name: Address): Promise<PublicKey | null> {
      return known.get(name.toString()) ?? null
    }
  })()
}

const prekeyStores = (
  { PreKeyStore, SignedPreKeyStore, KyberPreKeyStore }: Libsignal,
  records: ReadonlyMap<string, Opaque>,
): readonly [object, object, object] => [
  new (class extends PreKeyStore {
    async getPreKey(): Promise<Opaque | undefined> {
      return records.get('one-time')
    }
    async removePreKey(): Promise<void> {
      return undefined
    }
  })(),
  new (class extends SignedPreKeyStore {
    async getSignedPreKey(): Promise<Opaque | undefined> {
      return records.get('signed')
    }
  })(),
  new (class extends KyberPreKeyStore {
    async getKyberPreKey(): Promise<Opaque | undefined> {
      return records.get('kem')
    }
    async markKyberPreKeyUsed(): Promise<void> {
      return undefined
    }
  })(),
]
