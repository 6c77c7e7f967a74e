/** Reads a QR code from pixels: a picture that was chosen, dropped or pasted, or a camera frame. */

/** Larger pictures are scaled down first: a photo of a screen has far more pixels than a code needs. */
const LONGEST_EDGE_PX = 1_600
/** Tried one after the other: a small code in a large picture needs them all, a tight crop the last. */
const SCALES = [1, 0.5, 2] as const

export interface Pixels {
  /** RGBA, row by row. */
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

/** The text of the code in these pixels; null: none was found. */
export async function scanPixels({ data, width, height }: Pixels): Promise<string | null> {
  const { default: readCode } = await import('jsqr')
  const code = readCode(data, width, height, { inversionAttempts: 'attemptBoth' })
  return code === null || code.data === '' ? null : code.data
}

/**
 * The text of the code in a picture; null: none was found.
 * @throws whatever the decoder says of a file that is no picture
 */
export async function scanPicture(picture: Blob): Promise<string | null> {
  const bitmap = await createImageBitmap(picture)
  try {
    const fit = Math.min(1, LONGEST_EDGE_PX / Math.max(bitmap.width, bitmap.height))
    for (const scale of SCALES) {
      const text = await scanPixels(pixelsOf(bitmap, fit * scale))
      if (text !== null) return text
    }
    return null
  } finally {
    bitmap.close()
  }
}

/** On white, because a code saved with a transparent ground has no quiet zone otherwise. */
export function pixelsOf(source: ImageBitmap | HTMLVideoElement, scale: number): Pixels {
  const [sourceWidth, sourceHeight] =
    source instanceof HTMLVideoElement ? [source.videoWidth, source.videoHeight] : [source.width, source.height]
  const width = Math.max(1, Math.round(sourceWidth * scale))
  const height = Math.max(1, Math.round(sourceHeight * scale))
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('no 2d context for the picture')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  context.drawImage(source, 0, 0, width, height)
  return context.getImageData(0, 0, width, height)
}
