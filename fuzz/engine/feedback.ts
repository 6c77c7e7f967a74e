/**
 * What tells a new kind of input from one more of the same. Decoders refuse at many places and accept in many shapes: the
 * place (code, text without its numbers, call stack) and the shape (kinds and rough sizes) serve as coverage, at a few
 * microseconds an input, where V8's own coverage costs milliseconds.
 */

import type { ParleyError } from '../../shared/errors.ts'

const STACK_LINES = 7
const MAX_DEPTH = 5
const MAX_ITEMS = 4

export function placeOfRefusal(error: ParleyError): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return `${error.code} ${error.detail.replace(/\d+/g, '#')}\n${lines.slice(0, STACK_LINES).join('\n')}`
}

export function shapeOf(value: unknown, depth = 0): string {
  if (value instanceof Uint8Array) return `bytes${rough(value.length)}`
  if (Array.isArray(value)) {
    if (depth >= MAX_DEPTH) return 'list'
    const items = value.slice(0, MAX_ITEMS).map((item: unknown) => shapeOf(item, depth + 1))
    return `list${rough(value.length)}[${[...new Set(items)].join()}]`
  }
  switch (typeof value) {
    case 'string':
      return `text${rough(value.length)}`
    case 'number':
      return `number${rough(value)}`
    case 'boolean':
      return String(value)
    case 'object': {
      if (value === null || depth >= MAX_DEPTH) return 'null'
      const fields = Object.entries(value).map(
        ([name, field]: [string, unknown]) => `${name}:${shapeOf(field, depth + 1)}`,
      )
      return `{${fields.join()}}`
    }
    default:
      return typeof value
  }
}

/** None, one, or more: finer would make each number a new shape. */
function rough(count: number): string {
  return count <= 1 ? String(count) : '+'
}
