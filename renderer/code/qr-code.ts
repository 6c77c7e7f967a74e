/** The invite as a code: modules, their size on the screen, and a picture to save. */

import { encode } from 'uqr'

/** What the standard asks to be left blank around a code, in modules. */
const QUIET_MODULES = 4
const SAVED_MODULE_PX = 8
const LIGHT = '#fff'
const DARK = '#000'

export type QrMatrix = readonly (readonly boolean[])[]

/**
 * The smallest code that holds the text, at the highest error correction that this size has room for:
 * big modules help a camera more than redundancy does.
 */
export function qrMatrix(text: string): QrMatrix {
  return encode(text, { ecc: 'L', boostEcc: true, border: 0 }).data
}

/**
 * Edge of a module in CSS pixels, so that code and quiet zone fit in `boxPx` and every module covers
 * whole device pixels. At least one device pixel.
 */
export function qrModulePx(moduleCount: number, boxPx: number, devicePixelRatio: number): number {
  const devicePixels = Math.floor((boxPx * devicePixelRatio) / (moduleCount + 2 * QUIET_MODULES))
  return Math.max(1, devicePixels) / devicePixelRatio
}

/** SVG path of the dark modules, one unit a module, each run of a row in one piece. */
export function qrPath(matrix: QrMatrix): string {
  const runs: string[] = []
  for (const [y, row] of matrix.entries()) {
    let start = -1
    for (let x = 0; x <= row.length; x++) {
      const dark = row[x] === true
      if (dark && start === -1) start = x
      if (!dark && start !== -1) {
        runs.push(`M${start} ${y}h${x - start}v1h-${x - start}z`)
        start = -1
      }
    }
  }
  return runs.join('')
}

/** A PNG with its quiet zone, large enough to be scanned from a chat or from paper. */
export async function qrPng(matrix: QrMatrix): Promise<Blob> {
  const edgePx = (matrix.length + 2 * QUIET_MODULES) * SAVED_MODULE_PX
  const canvas = new OffscreenCanvas(edgePx, edgePx)
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('no 2d context for the code')
  context.fillStyle = LIGHT
  context.fillRect(0, 0, edgePx, edgePx)
  context.fillStyle = DARK
  for (const [y, row] of matrix.entries()) {
    for (const [x, dark] of row.entries()) {
      if (!dark) continue
      const [left, top] = [(x + QUIET_MODULES) * SAVED_MODULE_PX, (y + QUIET_MODULES) * SAVED_MODULE_PX]
      context.fillRect(left, top, SAVED_MODULE_PX, SAVED_MODULE_PX)
    }
  }
  return canvas.convertToBlob({ type: 'image/png' })
}
