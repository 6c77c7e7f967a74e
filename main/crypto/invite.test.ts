import { expect, test } from 'vitest'
import { concatBytes } from '../../shared/wire/bytes.ts'
import { createCrypto, selectBackend, inviteKeys, openInviteBundle, sealInviteBundle } from './index.ts'
import { labelBytes } from './labels.ts'
import { sealBox } from './sealed-box.ts'
import { outcomeOf } from './testing/devices.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

const c = createCrypto(await selectBackend(), repeatableRandom('invite'))
const secret = new Uint8Array(32).fill(1)
const bundle = new Uint8Array(10).fill(2)

test('an invite’s bundle opens with its secret alone', () => {
  const item = sealInviteBundle(c, secret, bundle)
  expect(openInviteBundle(c, secret, item)).toEqual(bundle)
  expect(outcomeOf(() => openInviteBundle(c, new Uint8Array(32).fill(2), item))).toBe('cannot-decrypt')
  for (const length of [0, 3, 12, 27, item.length - 1]) {
    expect(outcomeOf(() => openInviteBundle(c, secret, item.slice(0, length)))).toBe('cannot-decrypt')
  }
})

test('a bundle of nothing is one, too', () => {
  const nothing = new Uint8Array()
  expect(openInviteBundle(c, secret, sealInviteBundle(c, secret, nothing))).toEqual(nothing)
})

test('the slot’s name tells nothing of the bundle’s key, and each bundle is bound to its slot', () => {
  const { slotId, bundleKey } = inviteKeys(c, secret)
  expect(slotId).not.toEqual(bundleKey)
  expect(inviteKeys(c, secret)).toEqual({ slotId, bundleKey })
  const elsewhere = sealBox(c, bundleKey, concatBytes(labelBytes('inviteBundle'), bundleKey), bundle)
  expect(outcomeOf(() => openInviteBundle(c, secret, elsewhere))).toBe('cannot-decrypt')
})
