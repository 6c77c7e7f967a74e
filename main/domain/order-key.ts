/**
 * The place of a message in its chat as one text that sorts: (clock, author, author's counter), 56
 * lowercase hexadecimal digits: 12 clock ms, 4 clock counter, 32 first half of the author's account key, 8 counter.
 * Both sides compute the same key, so both see the same order.
 */

import type { MessageOrder } from '../../shared/wire/content.ts'
import { idToBytes } from '../../shared/model/ids.ts'
import type { AccountId } from '../../shared/model/ids.ts'

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

export function orderKey(order: MessageOrder, author: AccountId): string {
  const authorHex = Array.from(idToBytes(author).subarray(0, 16), (byte) => hex(byte, 2)).join('')
  return hex(order.clockMs, 12) + hex(order.clockCounter, 4) + authorHex + hex(order.counter, 8)
}
