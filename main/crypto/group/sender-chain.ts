/** The two ends of a sender chain and their stored forms. Values only. docs/protocol/group.md, "Records". */

import type { AccountId, DeviceId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { ByteReader, ByteWriter } from '../../../shared/wire/bytes.ts'
import { ParleyError } from '../../../shared/errors.ts'
import type { KeyPair } from '../backend/backend.ts'

/** Groups begin with suite 1. */
export const GROUP_SUITE = 1
export const CHAIN_ID_BYTES = 16
const STATE_VERSION = 1

/** What its owner has of a chain. */
export interface SenderChain {
  /** 16 bytes; names the chain in records and never on the wire in clear. */
  readonly chainId: Uint8Array
  /** SHA-256 of what the chain is bound to: group, owner, its public values. */
  readonly adHash: Uint8Array
  readonly chainKey: Uint8Array
  /** Of the next message. */
  readonly number: number
  readonly headerKey: Uint8Array
  /** Ed25519, made for this chain. */
  readonly signing: KeyPair
}

/** What another has of it. */
export interface ReceiverChain {
  readonly chainId: Uint8Array
  readonly adHash: Uint8Array
  readonly account: AccountId
  readonly deviceId: DeviceId
  readonly chainKey: Uint8Array
  /** Of the next message that has not come. */
  readonly number: number
  readonly headerKey: Uint8Array
  readonly publicKey: Uint8Array
}

export function encodeSenderChain(chain: SenderChain): Uint8Array {
  return new ByteWriter()
    .u8(STATE_VERSION)
    .u8(GROUP_SUITE)
    .fixed(chain.chainId, CHAIN_ID_BYTES)
    .fixed(chain.adHash, 32)
    .fixed(chain.chainKey, 32)
    .u32(chain.number)
    .fixed(chain.headerKey, 32)
    .fixed(chain.signing.secretKey, 32)
    .fixed(chain.signing.publicKey, 32)
    .finish()
}

/** @throws malformed · unsupported-version: another version or suite */
export function decodeSenderChain(bytes: Uint8Array): SenderChain {
  const reader = new ByteReader(bytes)
  const chain = readSenderChain(reader)
  reader.end()
  return chain
}

/** @throws as `decodeSenderChain` */
export function readSenderChain(reader: ByteReader): SenderChain {
  readVersion(reader)
  const chain = {
    chainId: reader.fixed(CHAIN_ID_BYTES),
    adHash: reader.fixed(32),
    chainKey: reader.fixed(32),
    number: reader.u32(),
    headerKey: reader.fixed(32),
  }
  const secretKey = reader.fixed(32)
  return { ...chain, signing: { secretKey, publicKey: reader.fixed(32) } }
}

export function encodeReceiverChain(chain: ReceiverChain): Uint8Array {
  return new ByteWriter()
    .u8(STATE_VERSION)
    .u8(GROUP_SUITE)
    .fixed(chain.chainId, CHAIN_ID_BYTES)
    .fixed(chain.adHash, 32)
    .fixed(idToBytes(chain.account), 32)
    .fixed(idToBytes(chain.deviceId), 16)
    .fixed(chain.chainKey, 32)
    .u32(chain.number)
    .fixed(chain.headerKey, 32)
    .fixed(chain.publicKey, 32)
    .finish()
}

/** @throws malformed · unsupported-version: another version or suite */
export function decodeReceiverChain(bytes: Uint8Array): ReceiverChain {
  const reader = new ByteReader(bytes)
  readVersion(reader)
  const chain: ReceiverChain = {
    chainId: reader.fixed(CHAIN_ID_BYTES),
    adHash: reader.fixed(32),
    account: idFromBytes<AccountId>(reader.fixed(32)),
    deviceId: idFromBytes<DeviceId>(reader.fixed(16)),
    chainKey: reader.fixed(32),
    number: reader.u32(),
    headerKey: reader.fixed(32),
    publicKey: reader.fixed(32),
  }
  reader.end()
  return chain
}

function readVersion(reader: ByteReader): void {
  if (reader.u8() !== STATE_VERSION || reader.u8() !== GROUP_SUITE) {
    throw new ParleyError('unsupported-version', 'sender chain')
  }
}
