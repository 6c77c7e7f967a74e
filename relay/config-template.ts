/** The config file that `init` writes: every setting with what it is for; what is at its default is commented out. */

import { stringify } from 'yaml'
import { allSettings } from './settings.ts'
import type { Setting } from './settings.ts'

const LINE_LENGTH = 100
const HEAD = [
  'parley-relay reads this file when it starts. A line without the leading # counts.',
  'Environment variables go over it: PARLEY_RELAY_RETENTION_DAYS=7. "parley-relay check" tells what is wrong.',
]

type Chosen = Readonly<Record<string, unknown>>

/** @param chosen settings with another value than their default, by name; those of sections as `section.name` */
export function configTemplate(chosen: Chosen, settings: readonly Setting[] = allSettings()): string {
  const lines = settings.flatMap((setting) => settingLines(setting, chosen))
  return [...HEAD.map((line) => `# ${line}`), ...lines, ''].join('\n')
}

function settingLines({ path, type, purpose, fallback }: Setting, chosen: Chosen): readonly string[] {
  const name = path.join('.')
  const indent = '  '.repeat(path.length - 1)
  const counts = Object.keys(chosen).some((key) => key === name || key.startsWith(`${name}.`))
  const written = type === 'object' ? [`${path.at(-1) ?? ''}:`] : yamlLines(path, chosen[name] ?? fallback)
  // Of a section that does not count, the # stands before everything, so that taking it away is enough.
  const [before, after] = path.length > 1 && !inChosenSection(path, chosen) ? ['#', indent] : ['', indent]
  const sign = counts ? '' : '#'
  return [
    '',
    ...wrapped(purpose).map((line) => `${indent}# ${line}`),
    ...written.map((line) => (before === '' ? `${after}${sign}${line}` : `${before}${after}${line}`)),
  ]
}

function inChosenSection(path: readonly string[], chosen: Chosen): boolean {
  const section = `${path.slice(0, -1).join('.')}.`
  return Object.keys(chosen).some((key) => key.startsWith(section))
}

/** Without a default there is only the name. */
function yamlLines(path: readonly string[], value: unknown): readonly string[] {
  const name = path.at(-1) ?? ''
  if (value === undefined) return [`${name}:`]
  return stringify({ [name]: value }, { flowCollectionPadding: false })
    .trimEnd()
    .split('\n')
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text === '' ? [] : text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > LINE_LENGTH) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
