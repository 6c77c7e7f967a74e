import { parseWindowState, serializeWindowState } from '../../main/electron/window-bounds.ts'
import { fuzzTarget } from '../engine/target.ts'
import { textOf, utf8, words } from '../samples.ts'

/** A file that the shell wrote, and that anything may have become since. */
export const windowState = fuzzTarget({
  name: 'window-state',
  refuses: [],
  differs: 'anything else is the state of a first start',
  hints: { words: words('null', '{}', '[]', '1e999', '-0', '"bounds"', '"maximized"', '"__proto__"') },
  prepare: () => ({
    samples: {
      bounds: utf8(serializeWindowState({ bounds: { x: -5, y: 20, width: 900, height: 700 }, maximized: false })),
      maximized: utf8(serializeWindowState({ bounds: undefined, maximized: true })),
    },
    decode: (input) => parseWindowState(textOf(input)),
    encode: (state) => utf8(serializeWindowState(state)),
  }),
})
