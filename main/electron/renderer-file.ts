import { extname, join, normalize, sep } from 'node:path'
import { isOwnUrl } from './origin.ts'

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
}

export interface RendererFile {
  readonly path: string
  readonly mediaType: string
}

/** The file below `folder` that an `app://parley/…` URL names; undefined for any other URL, and outside the folder. */
export const rendererFile = (folder: string, url: string): RendererFile | undefined => {
  if (!isOwnUrl(url)) return undefined
  let pathname: string
  try {
    pathname = decodeURIComponent(new URL(url).pathname)
  } catch {
    return undefined
  }
  if (pathname.includes('\0') || pathname.includes('\\')) return undefined
  const root = normalize(folder + sep)
  const path = join(root, pathname)
  const mediaType = MEDIA_TYPES[extname(path)]
  return path.startsWith(root) && mediaType !== undefined ? { path, mediaType } : undefined
}
