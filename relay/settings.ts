/** The schema of the settings as data: for sentences about them, for the file that `init` writes, and published as JSON Schema. */

import * as z from 'zod/mini'
import { configSchema } from './config.ts'

export interface Setting {
  /** Its name; sections before it. */
  readonly path: readonly string[]
  /** As in JSON Schema: string, integer, array, … */
  readonly type: string
  readonly purpose: string
  readonly fallback: unknown
}

/** JSON Schema 2020-12 of the config file. */
export function configJsonSchema(): object {
  return {
    ...z.toJSONSchema(configSchema, { io: 'input' }),
    title: 'parley-relay config',
  }
}

let known: readonly Setting[] | null = null

/** Every setting, in the order of the schema; those of a section by themselves. */
export function settingPaths(): readonly Setting[] {
  known ??= settingsOf(z.toJSONSchema(configSchema, { io: 'input' }), [])
  return known
}

function settingsOf(schema: z.core.JSONSchema.BaseSchema, section: readonly string[]): readonly Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]): readonly Setting[] => {
    if (typeof property === 'boolean') return []
    const path = [...section, name]
    if (property.type === 'object') return settingsOf(property, path)
    const { description = '', default: fallback } = property
    const type = typeof property.type === 'string' ? property.type : 'string'
    return [{ path, type, purpose: description, fallback }]
  })
}
