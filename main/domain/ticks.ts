/** Which tick an own message has: facts only (docs/protocol/delivery.md, "Ticks"). */

import type { MessageStatus } from '../../shared/model/chat.ts'
import type { DeviceId, RelayId } from '../../shared/model/ids.ts'

export interface RecipientDevice {
  readonly deviceId: DeviceId
  /** The relays of the recipient's list at which this device has a mailbox. */
  readonly relayIds: readonly RelayId[]
}

export interface DeliveryFacts {
  readonly devices: readonly RecipientDevice[]
  /** Receipts that were verified. */
  readonly held: readonly {
    readonly deviceId: DeviceId
    readonly relayId: RelayId
    readonly what: 'envelope' | 'blob'
  }[]
  readonly hasBlob: boolean
  readonly committed: boolean
  readonly read: boolean
  readonly failed: boolean
}

export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1
}

export function messageStatus(facts: DeliveryFacts): MessageStatus {
  if (facts.read) return 'read'
  if (facts.committed) return 'delivered'
  if (facts.failed) return 'failed'
  return heldByMajority(facts) ? 'held' : 'sending'
}

/** For each device, a majority of its relays signed for the envelope, and for the blob where there is one. */
export function heldByMajority(facts: Pick<DeliveryFacts, 'devices' | 'held' | 'hasBlob'>): boolean {
  const kinds: readonly ('envelope' | 'blob')[] = facts.hasBlob ? ['envelope', 'blob'] : ['envelope']
  return (
    facts.devices.length > 0 &&
    facts.devices.every(
      (device) =>
        device.relayIds.length > 0 &&
        kinds.every((what) => {
          const signed = new Set(
            facts.held
              .filter((item) => item.what === what && item.deviceId === device.deviceId)
              .map((item) => item.relayId)
              .filter((relayId) => device.relayIds.includes(relayId)),
          )
          return signed.size >= majorityOf(device.relayIds.length)
        }),
    )
  )
}
