/** Reads the settings: a YAML file (JSON is YAML too), then PARLEY_RELAY_* variables over it; says in a sentence what is wrong. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type * as z from 'zod/mini'
import { checkTogether, ConfigError, configSchema } from './config.ts'
import type { RelayConfig } from './config.ts'
import { nearestName } from './nearest-name.ts'
import { allSettings } from './settings.ts'

/** What `init` writes into the data folder, and `run` looks for there. */
export const CONFIG_FILE = 'config.yaml'
const ENV_PREFIX = 'PARLEY_RELAY_'

type Environment = Readonly<Record<string, string | undefined>>

/** The file that was named, else the data folder's own, else none. */
export function configFileOf(dataDir: string, named: string | undefined): string | null {
  if (named !== undefined) return named
  const own = join(dataDir, CONFIG_FILE)
  return existsSync(own) ? own : null
}

/** @throws ConfigError */
export function loadConfig(file: string | null, env: Environment): RelayConfig {
  const [text, name] = file === null ? ['', 'The config file'] : [readText(file), `The config file ${file}`]
  return settingsOfText(text, name, env)
}

/** @param name how sentences call the text. @throws ConfigError */
export function settingsOfText(text: string, name: string, env: Environment = {}): RelayConfig {
  const merged = withEnvironment(readSettings(text, name), env)
  const parsed = configSchema.safeParse(merged)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(sentenceOf).join('\n'))
  return checkTogether(parsed.data)
}

function readSettings(text: string, name: string): Record<string, unknown> {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split('\n').length
    throw new ConfigError(`${name} cannot be read: line ${line}: ${firstSentence(error.message)}`)
  }
  const value = contentOf(document, name)
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value }
  throw new ConfigError(`${name} holds no settings: it wants lines like "retentionDays: 30".`)
}

/** An alias that leads nowhere, or that grows without end. @throws ConfigError */
function contentOf(document: Document, name: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    throw new ConfigError(`${name} cannot be read: an alias in it leads nowhere or too far.`, { cause })
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`The config file ${file} cannot be read.`, { cause })
  }
}

function firstSentence(message: string): string {
  return `${message.split('\n')[0] ?? message}.`.replace(/\.\.$/, '.')
}

export function variableOf(path: readonly string[]): string {
  return ENV_PREFIX + path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')
}

/**
 * `PARLEY_RELAY_RETENTION_DAYS=7` sets retentionDays, `PARLEY_RELAY_OPERATOR_LISTEN` operator.listen; lists are separated by
 * commas. A section as a whole is YAML or JSON: `PARLEY_RELAY_OPERATOR={"listen": "off"}`.
 */
function withEnvironment(settings: Record<string, unknown>, env: Environment): Record<string, unknown> {
  const merged = structuredClone(settings)
  for (const { path, type } of allSettings()) {
    const text = env[variableOf(path)]
    if (text !== undefined) put(merged, path, valueOf(type, text))
  }
  return merged
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path
  if (rest.length === 0) {
    target[first] = value
    return
  }
  const section = target[first]
  const inner = typeof section === 'object' && section !== null ? { ...section } : {}
  target[first] = inner
  put(inner, rest, value)
}

function valueOf(type: string, text: string): unknown {
  if (type === 'object') return sectionOf(text)
  if (type === 'array') {
    const items = text.split(',').map((item) => item.trim())
    return items.filter((item) => item !== '')
  }
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  const isNumber = (type === 'integer' || type === 'number') && /^\d+$/.test(text)
  return isNumber ? Number(text) : text
}

/** What is neither YAML nor JSON is left to the schema to refuse. */
function sectionOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownSetting([...path, key])).join('\n')
  return `The setting ${path.join('.')} is wrong: ${reasonOf(issue)}.`
}

function unknownSetting(path: readonly string[]): string {
  const name = path.join('.')
  const nearest = nearestName(
    name,
    allSettings().map((known) => known.path.join('.')),
  )
  return `There is no setting called ${name}.${nearest === null ? '' : ` Did you mean ${nearest}?`}`
}

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `it wants ${TYPE_WORDS[issue.expected] ?? issue.expected}`
    case 'too_small':
      return issue.origin === 'array' ? 'the list is empty' : `the least is ${issue.minimum}`
    case 'too_big':
      return `the most is ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`
    case 'invalid_value':
      return `it wants one of ${issue.values.map(String).join(', ')}`
    case 'invalid_union':
      return 'it has no form that is known'
    case 'invalid_format':
      return `it does not look as described: ${descriptionOf(issue.path.map(String))}`
    default:
      return issue.message
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a text',
  array: 'a list',
  object: 'a section with settings of its own',
  boolean: 'true or false',
}

function descriptionOf(path: readonly string[]): string {
  const name = path.filter((part) => !/^\d+$/.test(part)).join('.')
  return allSettings().find((known) => known.path.join('.') === name)?.purpose ?? name
}
