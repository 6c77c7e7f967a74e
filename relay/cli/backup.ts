/** `parley-relay backup`. */

import { makeBackup } from '../backup/make-backup.ts'
import { bytesText, countText } from '../operator/quantity.ts'

export async function backup(to: string, { data }: { readonly data: string }): Promise<void> {
  const { files } = await makeBackup(data, to, Date.now())
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  process.stdout.write(
    `${countText(files.length)} files, ${bytesText(sizeBytes)}, are in ${to}. Keep it as you keep a key: the relay's is in it.\n`,
  )
}
