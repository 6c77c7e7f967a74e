import { expect, test } from 'vitest'
import { openIn } from './testing/store-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { createStore } from './store.ts'
import { text } from './columns.ts'

const DETAIL = 3

test('nothing reads through all messages, seen envelopes or skipped keys, however many there are', () => {
  const { sql, store } = openIn(temporaryFolder(), 'new')
  const sources: string[] = []
  const query = sql.query.bind(sql)
  const command = sql.command.bind(sql)
  sql.query = (source) => {
    sources.push(source)
    return query(source)
  }
  sql.command = (source) => {
    sources.push(source)
    return command(source)
  }
  createStore(sql, { clock: { nowMs: () => 0 } })
  expect(sources.length).toBeGreaterThan(80)

  const plans = sources.map((source) => {
    const parameters = Array<null>(source.split('?').length - 1).fill(null)
    const steps = query(`EXPLAIN QUERY PLAN ${source}`).all(...parameters)
    return { source, steps: steps.map((step) => text.decode(step[DETAIL])) }
  })
  const scans = plans.filter(({ steps }) =>
    steps.some((step) => /^SCAN (messages|seen|tombstones|commits|deposits|skipped_keys)\b/.test(step)),
  )
  expect(scans).toEqual([])

  const sorted = plans.filter(
    ({ source, steps }) => source.includes('FROM chats CROSS JOIN messages') && steps.join().includes('TEMP B-TREE'),
  )
  expect(sorted).toEqual([])
  store.close()
})
