/** Media type by a file's name; what nobody knows is bytes. */

import { mimes } from 'mrmime'

export function mediaTypeOf(name: string): string {
  const ending = name
    .slice(name.lastIndexOf('.') + 1)
    .trim()
    .toLowerCase()
  // not every property is an ending: `x.constructor` has none
  const known = Object.hasOwn(mimes, ending) ? mimes[ending] : undefined
  return known ?? 'application/octet-stream'
}
