import type { AccountStore } from '../ports/store/store.ts'
import { accountTable } from './record-tables.ts'
import type { Sql } from './sql.ts'

/** @param onMade called once the transaction that put the first account is on disk, before anybody is told */
export function createAccountStore(sql: Sql, onMade: () => void): AccountStore {
  const select = sql.query(accountTable.select)
  const insert = sql.command(accountTable.insert)
  return {
    get: () => accountTable.decodeOne(select.get()),
    put: (account) => {
      if (select.get() !== null) {
        accountTable.update(sql, account, 'one = 1')
        return
      }
      insert.run(...accountTable.values(account))
      sql.afterCommit(onMade)
    },
    update: (patch) => {
      accountTable.update(sql, patch, 'one = 1')
    },
  }
}
