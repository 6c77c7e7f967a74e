import { expect, test } from 'vitest'
import { createCrypto, generateSigningKey, publicKeyOf, selectBackend } from './index.ts'
import { repeatableRandom } from './testing/repeatable-random.ts'

test('draws from the system and makes keys as the backend does, unless the caller brings randomness', async () => {
  const backend = await selectBackend()
  const own = createCrypto(backend)
  expect([own.random, own.generateAgreementKey]).toEqual([backend.random, backend.x25519Generate])
  const random = repeatableRandom('own')
  const brought = createCrypto(backend, random)
  expect(brought.random).toBe(random)
  const { publicKey, secretKey } = brought.generateAgreementKey()
  expect(secretKey).toEqual(repeatableRandom('own')(32))
  expect(publicKey).toEqual(backend.x25519Public(secretKey))
})

test('a signing key’s public half is that of its seed', async () => {
  const c = createCrypto(await selectBackend(), repeatableRandom('signing'))
  const { publicKey, secretKey } = generateSigningKey(c)
  expect(publicKeyOf(c, secretKey)).toEqual(publicKey)
})
