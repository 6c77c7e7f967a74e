import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { ConfigError, configSchema } from './config.ts'
import { configFileOf, loadConfig, settingsOfText } from './config-file.ts'
import { configTemplate } from './config-template.ts'
import { nearestName } from './nearest-name.ts'
import { allSettings, configJsonSchema, settingsOf } from './settings.ts'

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

test('a name that is nearly one gets a suggestion, also in a section and when several are wrong', () => {
  const wrong = (text: string): string => {
    try {
      loadConfig(file(text), {})
    } catch (error) {
      if (error instanceof ConfigError) return error.message
      throw error
    }
    return ''
  }
  expect(wrong('retentionDay: 3')).toBe('There is no setting called retentionDay. Did you mean retentionDays?')
  expect(wrong('RetentionDays: 3')).toBe('There is no setting called RetentionDays. Did you mean retentionDays?')
  expect(wrong('operator: {lisen: "off"}')).toBe(
    'There is no setting called operator.lisen. Did you mean operator.listen?',
  )
  expect(wrong('colour: red')).toBe('There is no setting called colour.')
  expect(wrong('anounce: []\nmaxMailboxes: 0').split('\n').sort()).toEqual([
    'The setting maxMailboxes is wrong: the least is 1.',
    'There is no setting called anounce. Did you mean announce?',
  ])
})

test('wrong values get a sentence that says what is wanted', () => {
  const refused: readonly [string, string][] = [
    ['retentionDays: long', 'The setting retentionDays is wrong: it wants a whole number.'],
    ['retentionDays: 366', 'The setting retentionDays is wrong: the most is 365.'],
    ['listen: []', 'The setting listen is wrong: the list is empty.'],
    ['listen: /ip4/127.0.0.1/tcp/1', 'The setting listen is wrong: it wants a list.'],
    ['newMailboxes: all', 'it wants one of open, invite, list, secret, closed.'],
    [
      'operator: {listen: "0.0.0.0:80"}',
      'The setting operator.listen is wrong: it does not look as described: Status page',
    ],
    ['mailboxList: [abc]', 'The setting mailboxList.0 is wrong: it does not look as described: Where newMailboxes'],
    ['newMailboxes: list', 'the list is empty'],
    ['retentionDays: 1\nretentionDays: 2', 'line 2: Map keys must be unique'],
    ['a: &x 1\nb: *x', 'There is no setting called a.'],
  ]
  for (const [text, sentence] of refused) expect(() => loadConfig(file(text), {})).toThrow(sentence)
})

test('YAML with comments is read, and a setting in a section can come from a variable', () => {
  const path = file('# mine\nretentionDays: 7 # a week\noperator:\n  listen: "[::1]:4002"\n')
  expect(loadConfig(path, {})).toMatchObject({ retentionDays: 7, operator: { listen: '[::1]:4002' } })
  const config = loadConfig(path, { PARLEY_RELAY_OPERATOR_LISTEN: 'off', PARLEY_RELAY_ANNOUNCE: '' })
  expect(config).toMatchObject({ announce: [], operator: { listen: 'off' } })
})

test("the data folder's own config file is used when none is named", () => {
  expect(configFileOf(dir, undefined)).toBe(null)
  writeFileSync(join(dir, 'config.yaml'), 'retentionDays: 3\n')
  expect(configFileOf(dir, undefined)).toBe(join(dir, 'config.yaml'))
  expect(configFileOf(dir, 'other.json')).toBe('other.json')
  rmSync(join(dir, 'config.yaml'))
})

test('the file that `init` writes shows every setting at its default, and holds what was chosen', () => {
  const text = configTemplate({ announce: ['/dns4/relay.example/tcp/4001'], 'operator.listen': '127.0.0.1:4002' })
  expect(settingsOfText(text, 'it')).toEqual({
    ...configSchema.parse({}),
    announce: ['/dns4/relay.example/tcp/4001'],
    operator: { listen: '127.0.0.1:4002' },
  })
  expect(settingsOfText(configTemplate({}), 'it')).toEqual(configSchema.parse({}))
  for (const { path, type, fallback } of allSettings()) {
    const name = path.at(-1) ?? ''
    expect(text).toMatch(new RegExp(`^[ #]*${name}:`, 'm'))
    if (type === 'integer') expect(text).toMatch(new RegExp(`^[ #]*${name}: ${String(Number(fallback))}$`, 'm'))
  }
})

test('sections that may be left out and sections of several forms are described and written like the others', () => {
  const settings = settingsOf(
    z.strictObject({
      turn: z.optional(z.strictObject({ urls: z.array(z.string()), minutes: z._default(z.int(), 120) })),
      store: z._default(
        z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('sqlite') }),
          z.strictObject({ kind: z.literal('postgres'), hosts: z.array(z.string()) }),
        ]),
        { kind: 'sqlite' },
      ),
    }),
  )
  expect(settings.map(({ path, type }) => `${path.join('.')} ${type}`)).toEqual([
    ...['turn object', 'turn.urls array', 'turn.minutes integer'],
    ...['store object', 'store.kind string', 'store.hosts array'],
  ])
  const quiet: unknown = parse(configTemplate({}, settings))
  expect(quiet).toBe(null)
  const text = configTemplate({ 'turn.urls': ['turn:relay.example'] }, settings)
  expect(parse(text)).toEqual({ turn: { urls: ['turn:relay.example'] } })
  expect(text).toContain('\n  #minutes: 120\n')
  expect(text).toContain('\n#store:\n\n#  kind:\n\n#  hosts:\n')
})

test('a section as a whole can come from a variable', () => {
  expect(loadConfig(null, { PARLEY_RELAY_OPERATOR: '{"listen": "off"}' }).operator).toEqual({ listen: 'off' })
  expect(() => loadConfig(null, { PARLEY_RELAY_OPERATOR: 'off' })).toThrow(
    'it wants a section with settings of its own',
  )
})

test('whatever the file holds, it is read or refused with a sentence', () => {
  const refusesOrReads = (text: string): void => {
    try {
      settingsOfText(text, 'The config file')
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      expect(error instanceof Error ? error.message : '').toMatch(/[.?]$/m)
    }
  }
  fc.assert(fc.property(fc.string(), refusesOrReads))
  fc.assert(fc.property(fc.json(), refusesOrReads))
  const name = fc.constantFrom(...allSettings().map(({ path }) => path[0] ?? ''))
  fc.assert(fc.property(fc.dictionary(name, fc.jsonValue()), (value) => refusesOrReads(JSON.stringify(value))))
})

test('every setting says what it is for, and docs/relay.md has a line for each with its default', () => {
  const docs = readFileSync(new URL('../docs/relay.md', import.meta.url), 'utf8')
  const rows = docs.split('\n').filter((line) => line.startsWith('| `'))
  for (const { path, type, purpose, fallback } of allSettings()) {
    if (type === 'object') continue
    expect(purpose, path.join('.')).not.toBe('')
    const row = rows.find((line) => line.startsWith(`| \`${path.join('.')}\` |`))
    expect(row, `docs/relay.md names ${path.join('.')}`).toBeDefined()
    expect(row?.split('|')[2]?.trim(), path.join('.')).toBe(documented(fallback))
  }
})

/** As the table writes a default. */
function documented(fallback: unknown): string {
  if (typeof fallback === 'number') return new Intl.NumberFormat('en').format(fallback)
  if (Array.isArray(fallback)) return fallback.length === 0 ? '–' : fallback.map((item) => `\`${item}\``).join(', ')
  return typeof fallback === 'string' && fallback !== '' ? `\`${fallback}\`` : '–'
}

test('the schema that is published is the one that is held to', () => {
  const published = readFileSync(new URL('../docs/relay-config.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())))
  expect(configJsonSchema()).toMatchObject({ additionalProperties: false, type: 'object' })
})

test('the nearest name', () => {
  const known = ['retentionDays', 'listen', 'announce', 'maxConnections']
  expect(nearestName('lsiten', known)).toBe('listen')
  expect(nearestName('retention', known)).toBe('retentionDays')
  expect(nearestName('maxconnections', known)).toBe('maxConnections')
  expect(nearestName('zebra', known)).toBe(null)
  expect(nearestName('', known)).toBe(null)
  expect(nearestName('x', [])).toBe(null)
})
