import { expect, test } from 'vitest'
import { PASSPHRASE_COST, passphraseKey } from './passphrase-key.ts'

const salt = new Uint8Array(16).fill(1)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a passphrase costs 64 MiB and three passes, and gives a key that never changes', async () => {
  expect(PASSPHRASE_COST).toEqual({ memoryKib: 65_536, passes: 3, lanes: 1 })
  expect(hex(await passphraseKey('pw', { ...PASSPHRASE_COST, salt }))).toBe(
    '6cc8330b81cc4258e0806d00d18523028996d710cd2bebfc703ab616a18ea0f6',
  )
})

test('without the add-on the result is the same', async () => {
  const cost = { salt, memoryKib: 256, passes: 2, lanes: 2 }
  const withAddOn = await passphraseKey('pässwörd', cost)
  expect(await passphraseKey('pässwörd', cost, async () => null)).toEqual(withAddOn)
  expect(await passphraseKey('password', cost)).not.toEqual(withAddOn)
})
