/** The schema of the settings as data: for sentences about them, for the file that `init` writes, and published as JSON Schema. */

import * as z from 'zod/mini'
import { configSchema } from './config.ts'

export interface Setting {
  /** Its name; the section that it is in before it. */
  readonly path: readonly string[]
  /** As in JSON Schema: string, integer, array, …; `object` for a section as a whole. */
  readonly type: string
  readonly purpose: string
  /** Undefined: it has none. */
  readonly fallback: unknown
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** JSON Schema 2020-12 of the config file. */
export function configJsonSchema(): object {
  return { ...jsonSchemaOf(configSchema), title: 'parley-relay config' }
}

function jsonSchemaOf(schema: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' })
}

let known: readonly Setting[] | null = null

/** Every setting and section, in the order of the schema. */
export function allSettings(): readonly Setting[] {
  known ??= settingsOf(configSchema)
  return known
}

/** A section comes before what is in it; of one that has several forms, the settings of all of them. */
export function settingsOf(schema: z.core.$ZodType): readonly Setting[] {
  return within(jsonSchemaOf(schema), [])
}

function within(schema: JsonSchema, section: readonly string[]): readonly Setting[] {
  const found = new Map<string, Setting>()
  for (const form of formsOf(schema)) {
    for (const [name, property] of Object.entries(form.properties ?? {})) {
      if (typeof property === 'boolean') continue
      for (const setting of settingAnd(property, [...section, name])) {
        const key = setting.path.join('.')
        if (!found.has(key)) found.set(key, setting)
      }
    }
  }
  return [...found.values()]
}

function formsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [schema]
}

function settingAnd(property: JsonSchema, path: readonly string[]): readonly Setting[] {
  const { description = '', default: fallback } = property
  const isSection = formsOf(property).some((form) => form.type === 'object')
  const type = isSection ? 'object' : typeof property.type === 'string' ? property.type : 'string'
  const setting: Setting = { path, type, purpose: description, fallback }
  return isSection ? [setting, ...within(property, path)] : [setting]
}
