import { readFile } from 'node:fs/promises'
import { protocol } from 'electron'
import { MEDIA_SCHEME } from '../../shared/ipc/shell-contract.ts'
import { DOCUMENT_HEADERS } from './content-security-policy.ts'
import { APP_SCHEME } from './origin.ts'
import { rendererFile } from './renderer-file.ts'

/** Has to be called before Electron is ready. */
export const registerSchemes = (): void => {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    {
      scheme: MEDIA_SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true },
    },
  ])
}

const refusal = (status: number): Response => new Response(null, { status, headers: DOCUMENT_HEADERS })

/** Serves the window's files from `folder` under `app://parley/`, and nothing else. */
export const serveRenderer = (folder: string): void => {
  protocol.handle(APP_SCHEME, async (request) => {
    if (request.method !== 'GET') return refusal(405)
    const file = rendererFile(folder, request.url)
    if (file === undefined) return refusal(404)
    const bytes = await readFile(file.path).catch(() => undefined)
    if (bytes === undefined) return refusal(404)
    return new Response(new Uint8Array(bytes), { headers: { ...DOCUMENT_HEADERS, 'Content-Type': file.mediaType } })
  })
}
