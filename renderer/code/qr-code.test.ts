import jsQR from 'jsqr'
import { describe, expect, it } from 'vitest'
import { INVITE_PREFIX, MAX_INVITE_CHARS } from '../../shared/wire/invite.ts'
import { qrMatrix, qrModulePx, qrPath } from './qr-code.ts'
import type { QrMatrix } from './qr-code.ts'

const BOX_PX = 240
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** As long as a link may be, with a payload that looks random. */
function inviteLink(chars: number): string {
  let state = 7
  let link = INVITE_PREFIX
  while (link.length < chars) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    link += ALPHABET[(state >> 16) % ALPHABET.length] ?? 'A'
  }
  return link
}

/** What the window paints: the code in the middle of a white box. */
function paint(matrix: QrMatrix, devicePixelRatio: number): { data: Uint8ClampedArray; edge: number } {
  const edge = BOX_PX * devicePixelRatio
  const modulePx = qrModulePx(matrix.length, BOX_PX, devicePixelRatio) * devicePixelRatio
  const offset = Math.floor((edge - modulePx * matrix.length) / 2)
  const data = new Uint8ClampedArray(edge * edge * 4).fill(255)
  for (const [y, row] of matrix.entries()) {
    for (const [x, dark] of row.entries()) {
      if (!dark) continue
      for (let dy = 0; dy < modulePx; dy++) {
        const from = ((offset + y * modulePx + dy) * edge + offset + x * modulePx) * 4
        for (let at = from; at < from + modulePx * 4; at++) if (at % 4 !== 3) data[at] = 0
      }
    }
  }
  return { data, edge }
}

describe('the code of an invite', () => {
  it.each([1, 1.5, 2])('is read back from its 240 px box at %s device pixels to the pixel', (ratio) => {
    const link = inviteLink(MAX_INVITE_CHARS)
    const { data, edge } = paint(qrMatrix(link), ratio)
    expect(jsQR(data, edge, edge)?.data).toBe(link)
  })

  it('has modules of at least three pixels and four modules of white around it, for the longest link', () => {
    const count = qrMatrix(inviteLink(MAX_INVITE_CHARS)).length
    const modulePx = qrModulePx(count, BOX_PX, 1)
    expect(modulePx).toBeGreaterThanOrEqual(3)
    expect((BOX_PX - count * modulePx) / 2).toBeGreaterThanOrEqual(4 * modulePx)
  })

  it('covers whole device pixels at every zoom', () => {
    for (const ratio of [1, 1.25, 1.5, 2, 3]) {
      const devicePixels = qrModulePx(57, BOX_PX, ratio) * ratio
      expect(devicePixels).toBeCloseTo(Math.round(devicePixels), 9)
    }
  })

  it('never shrinks to nothing, however long the text is', () => {
    expect(qrModulePx(177, 100, 1)).toBe(1)
  })
})

describe('qrPath', () => {
  it('draws each run of dark modules once', () => {
    expect(
      qrPath([
        [true, true, false],
        [false, false, true],
      ]),
    ).toBe('M0 0h2v1h-2zM2 1h1v1h-1z')
  })
})
