/** `parley-relay restore`. */

import { restoreBackup } from '../backup/restore-backup.ts'
import { countText, spanText } from '../operator/quantity.ts'

export async function restore(from: string, { data }: { readonly data: string }): Promise<void> {
  const { files, madeAtMs } = await restoreBackup(from, data)
  process.stdout.write(
    [
      `${countText(files.length)} files, verified, are in ${data}. The backup is ${spanText(Date.now() - madeAtMs)} old.`,
      'At its first start the relay discards one-time prekeys, and their owners lay new ones. Envelopes that were collected',
      'since the backup are pushed again, and the apps drop them as copies. Never run the old folder and this one at once.',
      `Next: parley-relay check --data ${data}\n`,
    ].join('\n'),
  )
}
