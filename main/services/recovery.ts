/** The recovery file: everything that makes this account reachable again on a new machine, and nothing that was said. */

import { generateSigningKey, openDeviceList, openRecovery, publicKeyOf, sealRecovery } from '../crypto/index.ts'
import type { Crypto } from '../crypto/index.ts'
import type { Store } from '../ports/store/store.ts'
import type { AccountRecord, ContactRecord } from '../ports/store/records.ts'
import { decodeRecovery, encodeRecovery } from '../../shared/wire/recovery.ts'
import type { Recovery, RecoveryContact } from '../../shared/wire/recovery.ts'
import type { ChatId, ContactId } from '../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../shared/model/ids.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'
import { deviceRecords, NEW_CONTACT } from './contacts.ts'
import { ownAccount } from './core.ts'
import { accountOnNewDevice } from './identity.ts'
import { offeredRelays } from './reach.ts'

const ID_BYTES = 16

export function recoveryFile(crypto: Crypto, store: Store): Uint8Array {
  const account = ownAccount(store)
  const payload = encodeRecovery({
    accountSecret: account.accountSecret,
    name: account.name,
    directoryKey: account.directoryKey,
    deviceListVersion: account.deviceListVersion,
    profileVersion: account.profileVersion,
    relays: offeredRelays(store).map(({ relayId, addresses }) => ({ relayId, addresses: addresses.slice(0, 8) })),
    // Who came back with a new account is in it under that one.
    contacts: store.contacts
      .list()
      .filter((contact) => contact.replacedBy === null)
      .map(recoveryContact),
  })
  return sealRecovery(crypto, account.recoveryKey, payload)
}

function recoveryContact(contact: ContactRecord): RecoveryContact {
  return { ...contact, deliverySecret: contact.ownDeliverySecret, handle: contact.ownHandle }
}

/** @throws recovery-wrong for a wrong key or a damaged file; unsupported-version */
export function readRecoveryFile(crypto: Crypto, recoveryKey: Uint8Array, file: Uint8Array): Recovery {
  try {
    return decodeRecovery(openRecovery(crypto, recoveryKey, file))
  } catch (error) {
    if (!isParleyError(error) || error.code === 'unsupported-version') throw error
    throw new ParleyError('recovery-wrong', error.code, { cause: error })
  }
}

/**
 * Fills an empty store: the account under fresh device keys and a newer signed device list, the contacts and the
 * relays. Contacts are told by the caller once the relays answer.
 */
export function restoreAccount(
  crypto: Crypto,
  store: Store,
  input: { readonly recovery: Recovery; readonly recoveryKey: Uint8Array; readonly nowMs: number },
): AccountRecord {
  const { recovery, nowMs } = input
  const account = accountOnNewDevice(crypto, {
    account: { publicKey: publicKeyOf(crypto, recovery.accountSecret), secretKey: recovery.accountSecret },
    name: recovery.name,
    recoveryKey: input.recoveryKey,
    nowMs,
    directoryKey: recovery.directoryKey,
    // Seconds since the epoch: above every version that this account may have signed after the file was written.
    deviceListVersion: Math.max(recovery.deviceListVersion + 1, Math.floor(nowMs / 1000)),
    recoverySaved: true,
    profileVersion: Math.max(recovery.profileVersion + 1, Math.floor(nowMs / 1000)),
  })
  store.transaction(() => {
    store.account.put(account)
    for (const { relayId, addresses } of recovery.relays) {
      const key = generateSigningKey(crypto)
      store.relays.insert({
        relayId,
        addresses,
        mailboxPublic: key.publicKey,
        mailboxSecret: key.secretKey,
        state: 'active',
        addedAtMs: nowMs,
        leftAtMs: null,
        directoryFilled: false,
      })
    }
    for (const contact of recovery.contacts) restoreContact(crypto, store, contact, nowMs)
  })
  return account
}

function restoreContact(crypto: Crypto, store: Store, from: RecoveryContact, nowMs: number): void {
  const contactId = idFromBytes<ContactId>(crypto.random(ID_BYTES))
  const list = openDeviceList(crypto, from.deviceListBytes, idToBytes(from.accountId))
  store.contacts.insert({
    contactId,
    accountId: from.accountId,
    name: from.name,
    alias: from.alias,
    blocked: from.blocked,
    createdAtMs: nowMs,
    lastSeenAtMs: null,
    deviceListBytes: from.deviceListBytes,
    deviceListVersion: from.deviceListVersion,
    profileBytes: from.profileBytes,
    profileVersion: from.profileVersion,
    ownDeliverySecret: from.deliverySecret,
    ownHandle: from.handle,
    ...NEW_CONTACT,
    verifiedKey: from.verifiedKey,
    verifiedAtMs: from.verifiedAtMs,
  })
  store.contacts.setDevices(contactId, deviceRecords(contactId, list, [], nowMs))
  store.chats.insert({
    chatId: idFromBytes<ChatId>(crypto.random(ID_BYTES)),
    contactId,
    draft: '',
    lastActivityAtMs: nowMs,
    hidden: false,
  })
}
