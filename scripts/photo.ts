/** Draws a picture without any library: a sunset over hills as a PNG (RFC 2083), so that the demo has a photo to send. */
import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'ascii'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

const mix = (a: readonly number[], b: readonly number[], share: number): readonly number[] =>
  a.map((value, index) => Math.round(value + ((b[index] ?? 0) - value) * share))

const SKY = [
  [38, 44, 84],
  [231, 158, 120],
] as const
const HILLS = [
  [122, 86, 122],
  [78, 58, 96],
  [40, 34, 62],
] as const

const colourAt = (x: number, y: number, hue: number): readonly number[] => {
  const hill = HILLS.findLastIndex((_, index) => {
    const height = 0.52 + index * 0.14 + 0.07 * Math.sin(x * (5 + index * 3) + hue + index * 2)
    return y > height
  })
  if (hill !== -1) return HILLS[hill] ?? HILLS[0]
  const sun = Math.hypot(x - 0.68, (y - 0.42) * 0.7)
  const sky = mix(SKY[0], SKY[1], Math.min(1, y * 1.7))
  return sun < 0.06 ? [255, 226, 178] : mix(sky, [255, 210, 160], Math.max(0, 0.5 - sun * 1.6))
}

/** @param hue shifts the hills: two calls with other numbers draw two pictures */
export const landscapePng = (width: number, height: number, hue: number): Buffer => {
  const raw = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0, at = 0; y < height; y++) {
    raw[at++] = 0
    for (let x = 0; x < width; x++) for (const value of colourAt(x / width, y / height, hue)) raw[at++] = value
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
