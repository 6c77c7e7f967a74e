/** Making this profile's account and device, and the forms that the sessions want them in. */

import { generateAccount, generateDevice, signDeviceList } from '../crypto/index.ts'
import type { AccountKeys, Crypto, DeviceKeys, LocalParty } from '../crypto/index.ts'
import { deviceIdOf } from '../crypto/index.ts'
import type { AccountRecord } from '../ports/store/records.ts'
import type { AccountId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'

const KEY_BYTES = 32

export interface NewAccount {
  readonly name: string
  readonly recoveryKey: Uint8Array
  readonly nowMs: number
}

export function makeAccount(crypto: Crypto, { name, recoveryKey, nowMs }: NewAccount): AccountRecord {
  return accountOnNewDevice(crypto, {
    account: generateAccount(crypto),
    name,
    recoveryKey,
    nowMs,
    directoryKey: crypto.random(KEY_BYTES),
    deviceListVersion: 1,
    recoverySaved: false,
    profileVersion: 1,
  })
}

export interface AccountOnDevice {
  readonly account: AccountKeys
  readonly name: string
  readonly recoveryKey: Uint8Array
  readonly nowMs: number
  readonly directoryKey: Uint8Array
  readonly deviceListVersion: number
  readonly recoverySaved: boolean
  readonly profileVersion: number
}

/** Fresh device keys under an account: at first start and after a restore, when this is the only device. */
export function accountOnNewDevice(crypto: Crypto, input: AccountOnDevice): AccountRecord {
  const device = generateDevice(crypto)
  const deviceListBytes = signDeviceList(crypto, input.account, {
    version: input.deviceListVersion,
    createdAtMs: input.nowMs,
    devices: [
      {
        deviceId: device.deviceId,
        peerKey: device.peer.publicKey,
        identityKey: device.identity.publicKey,
        signingKey: device.signing.publicKey,
      },
    ],
  })
  return {
    accountId: idFromBytes<AccountId>(input.account.publicKey),
    accountSecret: input.account.secretKey,
    name: input.name,
    deviceListBytes,
    deviceListVersion: input.deviceListVersion,
    peerSecret: device.peer.secretKey,
    peerPublic: device.peer.publicKey,
    identitySecret: device.identity.secretKey,
    identityPublic: device.identity.publicKey,
    signingSecret: device.signing.secretKey,
    signingPublic: device.signing.publicKey,
    directoryKey: input.directoryKey,
    recoveryKey: input.recoveryKey,
    recoverySaved: input.recoverySaved,
    profileVersion: input.profileVersion,
    createdAtMs: input.nowMs,
  }
}

export function localParty(crypto: Crypto, account: AccountRecord): LocalParty {
  const device: DeviceKeys = {
    deviceId: deviceIdOf(crypto, account.signingPublic),
    peer: { publicKey: account.peerPublic, secretKey: account.peerSecret },
    identity: { publicKey: account.identityPublic, secretKey: account.identitySecret },
    signing: { publicKey: account.signingPublic, secretKey: account.signingSecret },
  }
  return { account: idToBytes(account.accountId), deviceListVersion: account.deviceListVersion, device }
}
