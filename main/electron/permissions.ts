import type { Session } from 'electron'
import { isOwnUrl } from './origin.ts'

/** Camera for scanning an invite, and writing to the clipboard; everything else is refused. */
const isGranted = (permission: string, origin: string, mediaTypes: readonly string[]): boolean => {
  if (!isOwnUrl(origin)) return false
  if (permission === 'clipboard-sanitized-write') return true
  return permission === 'media' && mediaTypes.length > 0 && mediaTypes.every((type) => type === 'video')
}

export const restrictPermissions = (session: Session): void => {
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    const mediaTypes = 'mediaTypes' in details ? (details.mediaTypes ?? []) : []
    callback(isGranted(permission, details.requestingUrl, mediaTypes))
  })
  session.setPermissionCheckHandler((_contents, permission, origin, details) =>
    isGranted(permission, origin, details.mediaType === undefined ? [] : [details.mediaType]),
  )
  session.setDevicePermissionHandler(() => false)
  session.setBluetoothPairingHandler((_details, callback) => callback({ confirmed: false }))
}
