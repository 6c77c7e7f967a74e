/** Where the window comes from. The one origin that is trusted with anything. */
export const APP_SCHEME = 'app'
export const APP_HOST = 'parley'
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`
export const APP_INDEX_URL = `${APP_ORIGIN}/index.html`

/** True for a URL of the window's own origin. Parsed, never compared by prefix. */
export const isOwnUrl = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { protocol, host, username, password, port } = new URL(url)
  return protocol === `${APP_SCHEME}:` && host === APP_HOST && username === '' && password === '' && port === ''
}
