/** The stored form of a group, beside the rows of its changes and chains. docs/protocol/group.md, "Records". */

import type { AccountId, DeviceId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { ByteReader, ByteWriter, concatBytes } from '../../../shared/wire/bytes.ts'
import { ParleyError } from '../../../shared/errors.ts'
import { compareBytes, GROUP_ID_BYTES } from './change.ts'
import type { Group, GroupDevice, OwnChain } from './group-session.ts'
import { encodeSenderChain, GROUP_SUITE, readSenderChain } from './sender-chain.ts'

const RECORD_VERSION = 1
/** 1,024 accounts of 8 devices. */
const MAX_HOLDERS = 8_192
const HOLDER_BYTES = 32 + 16

export interface GroupRecord {
  readonly groupId: Uint8Array
  readonly own: OwnChain | null
}

export function encodeGroupRecord({ history, own }: Group): Uint8Array {
  const writer = new ByteWriter()
    .u8(RECORD_VERSION)
    .u8(GROUP_SUITE)
    .fixed(history.groupId, GROUP_ID_BYTES)
    .u8(own === null ? 0 : 1)
  if (own === null) return writer.finish()
  const holders = own.holders.map(({ account, deviceId }) => concatBytes(idToBytes(account), idToBytes(deviceId)))
  writer.raw(encodeSenderChain(own.chain)).u16(holders.length)
  for (const holder of holders.sort(compareBytes)) writer.fixed(holder, HOLDER_BYTES)
  return writer.finish()
}

/** @throws malformed · unsupported-version: another version or suite */
export function decodeGroupRecord(bytes: Uint8Array): GroupRecord {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== RECORD_VERSION || reader.u8() !== GROUP_SUITE)
    throw new ParleyError('unsupported-version', 'group')
  const groupId = reader.fixed(GROUP_ID_BYTES)
  const hasChain = reader.u8()
  if (hasChain > 1) throw new ParleyError('malformed', 'group record')
  const own = hasChain === 0 ? null : { chain: readSenderChain(reader), holders: readHolders(reader) }
  reader.end()
  return { groupId, own }
}

function readHolders(reader: ByteReader): GroupDevice[] {
  let previous: Uint8Array | null = null
  return reader.list16(MAX_HOLDERS, (item) => {
    const holder = item.fixed(HOLDER_BYTES)
    if (previous !== null && compareBytes(previous, holder) >= 0)
      throw new ParleyError('malformed', 'holders out of order')
    previous = holder
    return {
      account: idFromBytes<AccountId>(holder.slice(0, 32)),
      deviceId: idFromBytes<DeviceId>(holder.slice(32)),
    }
  })
}
