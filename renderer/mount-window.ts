import './tokens.css'
import './metrics.css'
import './base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { apiKey } from './api.ts'
import type { Api } from './api.ts'
import { connectStores } from './connect-stores.ts'
import { i18n } from './i18n/index.ts'

/** Draws the window into `#app`, with this engine and shell behind it. */
export async function mountWindow(api: Api): Promise<void> {
  const { platform } = api.shell
  document.documentElement.dataset['platform'] = platform
  if (platform === 'linux') await import('./fonts/linux.css')
  const pinia = createPinia()
  const app = createApp(App).use(pinia).use(i18n).provide(apiKey, api)
  connectStores(api, pinia)
  app.mount('#app')
}
