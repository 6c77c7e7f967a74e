import { describe, expect, test } from 'vitest'
import {
  chatIdOf,
  messageIdOf,
  sampleAccount,
  sampleChat,
  sampleContact,
} from '../ports/contract-tests/sample-records.ts'
import type { Child } from './testing/child.ts'
import { startChild } from './testing/child.ts'
import { RECOVERY_KEY, testProfile } from './testing/profile-parts.ts'
import { codeOf } from './testing/store-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const WRITE_MESSAGES = new URL('./testing/write-messages.ts', import.meta.url)
const CREATE_AND_DIE = new URL('./testing/create-and-die.ts', import.meta.url)

async function makeProfile(folder: string): Promise<void> {
  const profile = testProfile(folder)
  const store = await profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
  store.transaction(() => {
    store.account.put(sampleAccount())
    store.contacts.insert(sampleContact(1))
    store.chats.insert(sampleChat(1))
  })
  await profile.close()
}

/** The messages of the chat; each must have its outbox row, and no other row may be there. */
async function wholeMessages(folder: string): Promise<readonly string[]> {
  const profile = testProfile(folder)
  const store = await profile.openWithKeychain()
  const messages = store.messages.page(chatIdOf(1), null, 1_000_000).map((message) => message.messageId)
  expect(store.outbox.all().map((row) => row.messageId)).toEqual(messages)
  await profile.close()
  return messages
}

async function readUntil(child: Child, last: string): Promise<void> {
  for (let line = await child.line(); line !== last; line = await child.line()) expect(line).not.toBeNull()
}

describe('a process that is killed', () => {
  test('loses nothing that was committed and leaves no half of anything, time after time', async () => {
    const folder = temporaryFolder()
    await makeProfile(folder)
    let next = 1
    for (const lines of [1, 13, 200, 700]) {
      const child = startChild(WRITE_MESSAGES, [folder, String(next)])
      const last = next + lines - 1
      await readUntil(child, String(last))
      await child.kill()
      const messages = await wholeMessages(folder)
      expect(messages.length).toBeGreaterThanOrEqual(last)
      expect(messages).toEqual(messages.map((_, index) => messageIdOf(index + 1)))
      next = messages.length + 1
    }
  })

  test('in the middle of a transaction leaves nothing of it', async () => {
    const folder = temporaryFolder()
    await makeProfile(folder)
    const child = startChild(WRITE_MESSAGES, [folder, '1', 'half'])
    expect(await child.line()).toBe('half')
    await child.kill()
    expect(await wholeMessages(folder)).toEqual([])
  })

  test('lets go of its profile, which nobody else can have before', async () => {
    const folder = temporaryFolder()
    await makeProfile(folder)
    const child = startChild(WRITE_MESSAGES, [folder, '1', 'half'])
    expect(await child.line()).toBe('half')
    const profile = testProfile(folder)
    expect(await codeOf(() => profile.state())).toBe('profile-open')
    expect(await codeOf(() => profile.openWithKeychain())).toBe('profile-open')
    expect(await codeOf(() => profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY }))).toBe('profile-open')
    await child.kill()
    expect(await profile.state()).toEqual({ kind: 'keychain' })
    await profile.close()
  })
})

test(
  'making a profile, killed before any step, leaves an empty profile or a whole one',
  { timeout: 120_000 },
  async () => {
    const whole = startChild(CREATE_AND_DIE, [temporaryFolder()])
    const steps = Number(await whole.line())
    expect(steps).toBeGreaterThan(15)

    const outcomes = new Set<string>()
    for (let step = 1; step <= steps; step += 1) {
      const folder = temporaryFolder()
      const child = startChild(CREATE_AND_DIE, [folder, String(step)])
      expect(await child.ended).toBeNull()
      const profile = testProfile(folder)
      const { kind } = await profile.state()
      outcomes.add(kind)
      if (kind === 'empty') {
        const store = await profile.create({ passphrase: null, recoveryKey: RECOVERY_KEY })
        store.transaction(() => store.account.put(sampleAccount()))
      }
      await profile.close()
      const reopened = testProfile(folder)
      expect((await reopened.openWithKeychain()).account.get()).toStrictEqual(sampleAccount())
      await reopened.close()
    }
    expect(outcomes).toEqual(new Set(['empty', 'keychain']))
  },
)
