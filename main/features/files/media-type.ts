/** Media type by a file's name; what nobody knows is bytes. */

import { lookup } from 'mrmime'

export function mediaTypeOf(name: string): string {
  return lookup(name) ?? 'application/octet-stream'
}
