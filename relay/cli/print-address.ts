/** `parley-relay address`: the paste line of the last start. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { ADDRESS_FILE } from '../data-files.ts'

/** @throws ConfigError when no relay has run in that folder */
export async function pasteLineOf(dataDir: string): Promise<string> {
  try {
    return await readFile(join(dataDir, ADDRESS_FILE), 'utf8')
  } catch (cause) {
    throw new ConfigError(`No relay has run in ${dataDir} yet: start it once with "parley-relay run".`, { cause })
  }
}

export async function printAddress({ data }: { readonly data: string }): Promise<void> {
  process.stdout.write(await pasteLineOf(data))
}
