import { createCrypto, selectBackend } from '../crypto/index.ts'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  blobIdOf,
  chatIdOf,
  sampleAccount,
  sampleBytes,
  sampleChat,
  sampleContact,
  sampleMessage,
} from '../ports/contract-tests/sample-records.ts'
import type { Profile } from '../ports/store/profile.ts'
import type { Store } from '../ports/store/store.ts'
import type { ProfileOptions } from './profile.ts'
import { NO_KEYCHAIN, RECOVERY_KEY, testKeychain, testProfile, testRandom } from './testing/profile-parts.ts'
import { allFiles, codeOf } from './testing/store-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const PASSPHRASE = 'correct horse battery staple'

function profileIn(folder: string, patch: Partial<ProfileOptions> = {}): Profile {
  const profile = testProfile(folder, patch)
  onTestFinished(() => profile.close())
  return profile
}

function putAccount(store: Store): void {
  store.transaction(() => {
    store.account.put(sampleAccount())
  })
}

/** A profile with an account, closed again. */
async function madeIn(folder: string, passphrase: string | null, patch: Partial<ProfileOptions> = {}): Promise<void> {
  const profile = profileIn(folder, patch)
  putAccount(await profile.create({ passphrase, recoveryKey: RECOVERY_KEY }))
  await profile.close()
}

describe('a new profile', () => {
  test('is empty in a folder that is not there yet, and cannot be opened', async () => {
    const profile = profileIn(join(temporaryFolder(), 'not', 'there', 'yet'))
    expect(await profile.state()).toEqual({ kind: 'empty' })
    expect(await codeOf(() => profile.openWithKeychain())).toBe('not-found')
    expect(await codeOf(() => profile.openWithPassphrase(PASSPHRASE))).toBe('not-found')
  })

  test('with a keychain opens by itself', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const profile = profileIn(folder)
    expect(await profile.state()).toEqual({ kind: 'keychain' })
    expect((await profile.openWithKeychain()).account.get()).toStrictEqual(sampleAccount())
    expect(profile.passphraseSet).toBe(false)
  })

  test('with a passphrase opens with that one and no other', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, PASSPHRASE, { keychain: NO_KEYCHAIN })
    const profile = profileIn(folder, { keychain: NO_KEYCHAIN })
    expect(await profile.state()).toEqual({ kind: 'passphrase' })
    expect(profile.passphraseSet).toBe(true)
    expect(await codeOf(() => profile.openWithPassphrase('correct horse'))).toBe('passphrase-wrong')
    expect(await codeOf(() => profile.openWithKeychain())).toBe('passphrase-needed')
    expect((await profile.openWithPassphrase(PASSPHRASE)).account.get()).toStrictEqual(sampleAccount())
  })

  test('the same words in other code points are the same passphrase', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, 'caf\u00e9 \ufb01n')
    expect((await profileIn(folder).openWithPassphrase('cafe\u0301 fin')).account.get()).not.toBeNull()
  })

  test('needs a passphrase where there is no keychain, and stays empty without one', async () => {
    const folder = temporaryFolder()
    const profile = profileIn(folder, { keychain: NO_KEYCHAIN })
    const create = (passphrase: string | null) => profile.create({ passphrase, recoveryKey: RECOVERY_KEY })
    expect(await codeOf(() => create(null))).toBe('passphrase-needed')
    expect(await codeOf(() => create(''))).toBe('passphrase-needed')
    expect(await profile.state()).toEqual({ kind: 'empty' })
    expect(existsSync(join(folder, 'store.db'))).toBe(false)
  })

  test('without its account counts as empty and is made anew under the next recovery key', async () => {
    const folder = temporaryFolder()
    const first = profileIn(folder)
    await first.create({ passphrase: null, recoveryKey: sampleBytes(1, 1) })
    await first.close()
    const profile = profileIn(folder)
    expect(await profile.state()).toEqual({ kind: 'empty' })
    putAccount(await profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY }))
    await profile.close()
    const store = await profileIn(folder).openWithRecoveryKey(RECOVERY_KEY, null)
    expect(store.account.get()).toStrictEqual(sampleAccount())
  })

  test('is never made over one that is there', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const profile = profileIn(folder)
    const again = () => profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
    expect(await codeOf(again)).toBe('account-exists')
    expect((await profile.openWithKeychain()).account.get()).not.toBeNull()
    expect(await codeOf(again)).toBe('account-exists')
  })
})

describe('a profile that lost a part', () => {
  test('asks for the recovery key when the keychain’s entry is gone, and opens with it', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const profile = profileIn(folder, { keychain: testKeychain('another login') })
    expect(await profile.state()).toEqual({ kind: 'keychain' })
    expect(await codeOf(() => profile.openWithKeychain())).toBe('recovery-needed')
    expect(await codeOf(() => profile.openWithRecoveryKey(sampleBytes(1, 1), null))).toBe('recovery-wrong')
    expect((await profile.openWithRecoveryKey(RECOVERY_KEY, null)).account.get()).toStrictEqual(sampleAccount())
    await profile.close()
    const next = profileIn(folder, { keychain: testKeychain('another login') })
    expect((await next.openWithKeychain()).account.get()).not.toBeNull()
  })

  test('asks for the recovery key when the keychain gives another secret', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const keychain = { ...testKeychain(), open: async () => sampleBytes(1, 1) }
    expect(await codeOf(() => profileIn(folder, { keychain }).openWithKeychain())).toBe('recovery-needed')
  })

  test('recovers under a passphrase where there is no keychain, and changes nothing without one', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const before = readFileSync(join(folder, 'keys.json'))
    const profile = profileIn(folder, { keychain: NO_KEYCHAIN })
    expect(await codeOf(() => profile.openWithRecoveryKey(RECOVERY_KEY, null))).toBe('passphrase-needed')
    expect(readFileSync(join(folder, 'keys.json')).equals(before)).toBe(true)
    await profile.openWithRecoveryKey(RECOVERY_KEY, PASSPHRASE)
    await profile.close()
    expect(await profile.state()).toEqual({ kind: 'passphrase' })
    expect((await profile.openWithPassphrase(PASSPHRASE)).account.get()).not.toBeNull()
  })

  test.each(['keys.json', 'store.db'])('without its %s is damaged, and nothing is made in its place', async (name) => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    rmSync(join(folder, name))
    const profile = profileIn(folder)
    const open = () => profile.openWithKeychain()
    const create = () => profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
    expect(await codeOf(open)).toBe('store-damaged')
    expect(await codeOf(create)).not.toBe('none')
    expect(existsSync(join(folder, name))).toBe(false)
  })

  test('with keys of a newer version is left alone', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const path = join(folder, 'keys.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'))
    const profile = profileIn(folder)
    expect(await codeOf(() => profile.state())).toBe('store-newer')
    expect(await codeOf(() => profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY }))).toBe('store-newer')
  })
})

describe('changing the lock', () => {
  test('from the keychain to a passphrase, to another, and back', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const profile = profileIn(folder)
    await profile.openWithKeychain()
    await profile.setPassphrase(null, PASSPHRASE)
    expect(profile.passphraseSet).toBe(true)
    expect(await codeOf(() => profile.setPassphrase('wrong', 'next'))).toBe('passphrase-wrong')
    expect(await codeOf(() => profile.setPassphrase(null, 'next'))).toBe('passphrase-wrong')
    await profile.setPassphrase(PASSPHRASE, 'next')
    await profile.close()
    expect(await codeOf(() => profile.openWithPassphrase(PASSPHRASE))).toBe('passphrase-wrong')
    await profile.openWithPassphrase('next')
    await profile.setPassphrase('next', null)
    await profile.close()
    expect((await profile.openWithKeychain()).account.get()).not.toBeNull()
    await profile.close()
    expect((await profile.openWithRecoveryKey(RECOVERY_KEY, null)).account.get()).not.toBeNull()
  })

  test('to a keychain that is not there keeps the passphrase', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, PASSPHRASE)
    const profile = profileIn(folder, { keychain: NO_KEYCHAIN })
    await profile.openWithPassphrase(PASSPHRASE)
    expect(await codeOf(() => profile.setPassphrase(PASSPHRASE, null))).toBe('passphrase-needed')
    await profile.close()
    expect((await profile.openWithPassphrase(PASSPHRASE)).account.get()).not.toBeNull()
  })
})

describe('one engine a profile', () => {
  test('a second start is refused until the first one closes', async () => {
    const folder = temporaryFolder()
    const first = profileIn(folder)
    await first.state()
    const second = profileIn(folder)
    expect(await codeOf(() => second.state())).toBe('profile-open')
    await first.close()
    expect(await second.state()).toEqual({ kind: 'empty' })
  })

  test('two unlocks at once give the same store', async () => {
    const folder = temporaryFolder()
    await madeIn(folder, null)
    const profile = profileIn(folder)
    const [one, other] = await Promise.all([profile.openWithKeychain(), profile.openWithKeychain()])
    expect(one).toBe(other)
  })
})

test('every file is readable by its owner alone', async () => {
  const folder = join(temporaryFolder(), 'profile')
  await madeIn(folder, PASSPHRASE)
  const profile = profileIn(folder)
  const store = await profile.openWithPassphrase(PASSPHRASE)
  putAccount(store)
  const part = await profile.blobs.openPart(blobIdOf(1), 0)
  await part.append(sampleBytes(1, 1))
  await part.finish()
  // Windows has no such modes: there the person's own folder is what protects.
  const open = (path: string): number => (process.platform === 'win32' ? 0 : statSync(path).mode & 0o077)
  expect([folder, join(folder, 'attachments')].map(open)).toEqual([0, 0])
  const files = allFiles(folder).map(([name]) => name)
  const names = [`attachments/${blobIdOf(1)}`, 'keys.json', 'profile.lock', 'store.db', 'store.db-wal']
  expect(files).toEqual(names)
  expect(files.map((name) => open(join(folder, name)))).toEqual(names.map(() => 0))
})

test('no file holds a text, a name, a key or a passphrase', async () => {
  const folder = temporaryFolder()
  const drawn: Uint8Array[] = []
  const source = testRandom('plaintext')
  const random = (sizeBytes: number): Uint8Array => {
    const bytes = source(sizeBytes)
    if (sizeBytes === 32) drawn.push(bytes)
    return bytes
  }
  const profile = profileIn(folder, { crypto: createCrypto(await selectBackend(), random) })
  const store = await profile.create({ passphrase: PASSPHRASE, recoveryKey: RECOVERY_KEY })
  store.transaction(() => {
    store.account.put(sampleAccount())
    store.contacts.insert(sampleContact(1))
    store.chats.insert(sampleChat(1, { draft: 'a sentence that was not sent' }))
    store.messages.insert(sampleMessage(1, { body: { kind: 'text', text: 'a sentence that was sent' } }))
  })
  expect(drawn.length).toBeGreaterThan(0)
  const words = ['a sentence', 'Contact 1', 'Ada', PASSPHRASE].map((word) => Buffer.from(word))
  const keys = [RECOVERY_KEY, sampleAccount().accountSecret, sampleAccount().identitySecret, ...drawn]
  const spelled = keys.flatMap((key) => {
    const bytes = Buffer.from(key)
    return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64url'))]
  })
  const search = (): void => {
    for (const [name, bytes] of allFiles(folder)) {
      for (const needle of [...words, ...spelled]) expect([name, bytes.includes(needle)]).toEqual([name, false])
    }
  }
  search()
  expect(store.messages.page(chatIdOf(1), null, 5)).toHaveLength(1)
  await profile.close()
  search()
})
