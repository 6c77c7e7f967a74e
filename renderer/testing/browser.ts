/** The window in a plain browser, with one of the scenes; see vite.config.mjs. */

import { mountWindow } from '../mount-window.ts'
import { fakeApi } from './fake-api.ts'
import { SCENE_NAMES, scene } from './scenes.ts'

const query = new URLSearchParams(location.search)
const root = document.documentElement
for (const name of ['theme', 'contrast', 'density']) {
  const value = query.get(name)
  if (value !== null) root.dataset[name] = value
}
root.dir = query.get('dir') ?? 'ltr'

const shown = scene(SCENE_NAMES.find((name) => name === query.get('scene')) ?? 'main', Date.now())
const theme = query.get('theme')
if (theme === 'light' || theme === 'dark') shown.engine.settings = { ...shown.engine.settings, theme }
const { api, shell } = fakeApi(shown.engine, { pictures: shown.pictures })
await mountWindow(api)
shown.begin()
if (shown.openChatId !== null) shell.openChat(shown.openChatId)

/** Driven from the browser's console, or by whoever takes the pictures. */
Object.assign(window, { scene: shown, shell })
