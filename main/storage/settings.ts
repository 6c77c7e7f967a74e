import type { SettingsStore } from '../ports/store/store.ts'
import { DEFAULT_SETTINGS, settingsSchema } from '../../shared/model/settings.ts'
import type { Settings } from '../../shared/model/settings.ts'
import { integer, text } from './columns.ts'
import type { Sql } from './sql.ts'

export function createSettingsStore(sql: Sql): SettingsStore {
  const settings = sql.query('SELECT settings FROM profile_state')
  const putSettings = sql.command('UPDATE profile_state SET settings = ?')
  const clock = sql.query('SELECT clock_ms, clock_counter FROM profile_state')
  const putClock = sql.command('UPDATE profile_state SET clock_ms = ?, clock_counter = ?')
  return {
    get: () => decodeSettings(text.decode(settings.get()?.[0])),
    put: (value) => {
      putSettings.run(JSON.stringify(value))
    },
    clock: () => {
      const row = clock.get()
      return { ms: integer.decode(row?.[0]), counter: integer.decode(row?.[1]) }
    },
    putClock: ({ ms, counter }) => {
      putClock.run(ms, counter)
    },
  }
}

/** A choice that another version wrote and this one does not know falls back to its default, alone. */
function decodeSettings(json: string): Settings {
  const stored: unknown = JSON.parse(json)
  let settings = DEFAULT_SETTINGS
  for (const [name, value] of Object.entries(stored ?? {})) {
    const parsed = settingsSchema.safeParse({ ...settings, [name]: value as unknown })
    if (parsed.success) settings = parsed.data
  }
  return settings
}
