import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigError } from './config.ts'
import { loadConfig } from './config-file.ts'

let dir: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-config-'))
})

afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

function file(text: string): string {
  const path = join(dir, 'config.json')
  writeFileSync(path, text)
  return path
}

test('without a file everything has its default', () => {
  const config = loadConfig(null, {})
  expect(config.retentionDays).toBe(30)
  expect(config.newMailboxes).toBe('open')
  expect(config.listen.length).toBeGreaterThan(0)
})

test('variables go over the file, the file over the defaults', () => {
  const path = file('{"retentionDays": 10, "maxMailboxes": 7}')
  const config = loadConfig(path, {
    PARLEY_RELAY_RETENTION_DAYS: '5',
    PARLEY_RELAY_LISTEN: '/ip4/127.0.0.1/tcp/1, /ip4/127.0.0.1/tcp/2/ws',
    PARLEY_RELAY_OPERATOR_SECRET: '12345678901234567890',
  })
  expect([config.retentionDays, config.maxMailboxes]).toEqual([5, 7])
  expect(config.listen).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2/ws'])
  expect(config.operatorSecret).toBe('12345678901234567890')
})

test('what is wrong gets a sentence that names it', () => {
  const refused: readonly [string, string][] = [
    ['{"retentionDays": 0}', 'retentionDays'],
    ['{"retentionDays": "long"}', 'retentionDays'],
    ['{"maxEnvelopeBytes": 200001}', 'maxEnvelopeBytes'],
    ['{"listen": []}', 'listen'],
    ['{"retention": 3}', 'There is no setting called retention.'],
    ['{"newMailboxes": "secret"}', 'operatorSecret'],
    ['{', 'cannot be read: line 1'],
    ['[]', 'holds no settings'],
  ]
  for (const [text, sentence] of refused) {
    expect(() => loadConfig(file(text), {})).toThrow(ConfigError)
    expect(() => loadConfig(file(text), {})).toThrow(sentence)
  }
  expect(() => loadConfig(join(dir, 'nowhere.json'), {})).toThrow('nowhere.json')
})
