/** What the window works out of a picture before it is sent: its size, and the blur shown until it is there. */

import { encode } from 'blurhash'

export interface PhotoShape {
  readonly width: number
  readonly height: number
  readonly blurhash: string
}

const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']
const SAMPLE_PX = 32

export function isPicture(file: File): boolean {
  return PICTURE_TYPES.includes(file.type)
}

/** Null: the bytes are no picture that this window can draw; it goes as a file. */
export async function photoShape(file: File): Promise<PhotoShape | null> {
  if (!isPicture(file)) return null
  try {
    const bitmap = await createImageBitmap(file)
    const { width, height } = bitmap
    const scale = Math.min(1, SAMPLE_PX / Math.max(width, height))
    const sampleWidth = Math.max(1, Math.round(width * scale))
    const sampleHeight = Math.max(1, Math.round(height * scale))
    const canvas = new OffscreenCanvas(sampleWidth, sampleHeight)
    const context = canvas.getContext('2d')
    context?.drawImage(bitmap, 0, 0, sampleWidth, sampleHeight)
    const pixels = context?.getImageData(0, 0, sampleWidth, sampleHeight).data
    bitmap.close()
    if (pixels === undefined || width > 65_535 || height > 65_535) return null
    return { width, height, blurhash: encode(pixels, sampleWidth, sampleHeight, 4, 3) }
  } catch {
    return null
  }
}

/** Between 2.2:1 and 3:4: extreme pictures are cut, not squeezed. */
export function photoAspect({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.min(2.2, Math.max(0.75, width / height))
}
