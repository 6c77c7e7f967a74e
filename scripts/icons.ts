/** Draws assets/icons/*.png from the mark. Run by hand when renderer/mark.svg changes; the files are checked in. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildIfStale } from './build.ts'
import { openDisplay } from './display.ts'
import { launchApp } from './launch-app.ts'
import { ROOT } from './paths.ts'
import { failWith } from './run.ts'

interface Icon {
  readonly file: string
  readonly sizePx: number
  readonly mark: string
  /** Colour of the rounded tile behind the mark; none: the mark alone. */
  readonly tile?: string
}

const ACCENT = '#782777'

const ICONS: readonly Icon[] = [
  { file: 'app-512.png', sizePx: 512, mark: '#ffffff', tile: ACCENT },
  { file: 'tray.png', sizePx: 32, mark: '#ffffff', tile: ACCENT },
  { file: 'tray-template.png', sizePx: 16, mark: '#000000' },
  { file: 'tray-template@2x.png', sizePx: 32, mark: '#000000' },
]

/** The mark is drawn on a 32-unit grid; on a tile it keeps a margin. */
const svgOf = (markPath: string, { mark, tile, sizePx }: Icon): string => {
  const size = `width="${sizePx}" height="${sizePx}"`
  const background = tile === undefined ? '' : `<rect width="32" height="32" rx="7" fill="${tile}"/>`
  const place = tile === undefined ? '' : ' transform="translate(5.6 5.6) scale(.65)"'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" ${size}>${background}<path fill="${mark}" fill-rule="evenodd"${place} d="${markPath}"/></svg>`
}

const draw = async (): Promise<void> => {
  await buildIfStale()
  const markPath = / d="([^"]+)"/.exec(await readFile(join(ROOT, 'renderer', 'mark.svg'), 'utf8'))?.[1]
  if (markPath === undefined) throw new Error('renderer/mark.svg has no path')
  const display = await openDisplay()
  const profileDir = await mkdtemp(join(tmpdir(), 'parley-icons-'))
  const app = await launchApp({ profileDir, env: display.env })
  try {
    const page = await app.firstWindow()
    for (const icon of ICONS) {
      const url = await page.evaluate(
        async ({ svg, sizePx }) => {
          const image = new Image()
          image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`
          await image.decode()
          const canvas = document.createElement('canvas')
          canvas.width = sizePx
          canvas.height = sizePx
          canvas.getContext('2d')?.drawImage(image, 0, 0)
          return canvas.toDataURL('image/png')
        },
        { svg: svgOf(markPath, icon), sizePx: icon.sizePx },
      )
      await writeFile(join(ROOT, 'assets', 'icons', icon.file), Buffer.from(url.split(',')[1] ?? '', 'base64'))
    }
  } finally {
    await app.close()
    await display.stop()
    await rm(profileDir, { recursive: true, force: true })
  }
}

draw().catch(failWith)
