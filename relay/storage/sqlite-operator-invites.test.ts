import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operatorInvitesContract } from './contract-tests/operator-invites.ts'
import { openOperatorInvites } from './sqlite-operator-invites.ts'

operatorInvitesContract('SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'parley-invites-'))
  const path = join(dir, 'operator.db')
  const invites = openOperatorInvites(path)
  return {
    invites,
    second: async () => openOperatorInvites(path),
    remove: async () => {
      invites.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
})
