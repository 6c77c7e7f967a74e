/** The config file that `init` writes: every setting with what it is for; what is at its default is commented out. */

import { stringify } from 'yaml'
import { settingPaths } from './settings.ts'
import type { Setting } from './settings.ts'

const LINE = 100
const HEAD = [
  'parley-relay reads this file when it starts. A line without the leading # counts.',
  'Environment variables go over it: PARLEY_RELAY_RETENTION_DAYS=7. "parley-relay check" tells what is wrong.',
]

/** @param chosen settings with another value than their default, by name; those of sections as `section.name` */
export function configTemplate(chosen: Readonly<Record<string, unknown>>): string {
  let section = ''
  const lines = settingPaths().flatMap((setting) => {
    const [name = '', inner] = setting.path
    // A section of which nothing counts would be no section but nothing.
    const off = Object.keys(chosen).some((path) => path.startsWith(`${name}.`)) ? '' : '#'
    const opens = inner !== undefined && name !== section ? ['', `${off}${name}:`] : []
    section = inner === undefined ? '' : name
    return [...opens, ...settingLines(setting, chosen)]
  })
  return [...HEAD.map((line) => `# ${line}`), ...lines, ''].join('\n')
}

function settingLines({ path, purpose, fallback }: Setting, chosen: Readonly<Record<string, unknown>>): string[] {
  const indent = '  '.repeat(path.length - 1)
  const value = chosen[path.join('.')]
  const yaml = stringify({ [path.at(-1) ?? '']: value ?? fallback ?? null }, { flowCollectionPadding: false })
  const written = yaml.trimEnd().split('\n')
  const off = value === undefined
  const comment = wrapped(purpose).map((line) => `${indent}# ${line}`)
  return ['', ...comment, ...written.map((line) => `${indent}${off ? '#' : ''}${line}`)]
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > LINE) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
