/** `parley-relay schema`. */

import { configJsonSchema } from '../settings.ts'

export function printSchema(): void {
  process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
}
