/** `parley-relay init`: a data folder with keys and a config file, and what to do next. */

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { CONFIG_FILE, settingsOfText } from '../config-file.ts'
import { configTemplate } from '../config-template.ts'
import { LIBP2P_KEY_FILE, RELAY_KEY_FILE } from '../data-files.ts'
import { loadSeed } from '../relay-key.ts'
import { writeWhole } from '../whole-file.ts'

export interface InitOptions {
  readonly data: string
  readonly announce?: string
  readonly newMailboxes?: string
}

/** Prometheus and a browser's bookmark want a port that stays. */
const OPERATOR_PORT = '127.0.0.1:4002'

export function init({ data, announce, newMailboxes }: InitOptions): void {
  const file = join(data, CONFIG_FILE)
  if (existsSync(file))
    throw new ConfigError(`${file} is there already: edit it, or choose another folder with --data.`)
  const chosen = {
    ...(announce === undefined ? {} : { announce: announce.split(',') }),
    ...(newMailboxes === undefined ? {} : { newMailboxes }),
    'operator.listen': OPERATOR_PORT,
  }
  const text = configTemplate(chosen)
  settingsOfText(text, 'The new config file')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeWhole(file, new TextEncoder().encode(text))
  for (const key of [RELAY_KEY_FILE, LIBP2P_KEY_FILE]) loadSeed(data, key)
  process.stdout.write(nextSteps(data, file, newMailboxes))
}

function nextSteps(data: string, file: string, newMailboxes: string | undefined): string {
  const folder = data === 'relay-data' ? '' : ` --data ${data}`
  const invite =
    newMailboxes === 'invite' ? [`  parley-relay token issue${folder} --name WHO   an invite for somebody`] : []
  return [
    `Made ${file} and the keys. Keep a copy of ${join(data, RELAY_KEY_FILE)} off this machine: the relay is this key.`,
    'Next:',
    `  parley-relay check${folder}   see whether it would run and can be reached`,
    `  parley-relay run${folder}     run it`,
    ...invite,
    '',
  ].join('\n')
}
