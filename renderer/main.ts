import '@fontsource-variable/inter/index.css'
import './tokens.css'
import './metrics.css'
import './base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { apiKey, connectApi } from './api.ts'
import { i18n } from './i18n/index.ts'

const api = connectApi(window.parley, window)
createApp(App).use(createPinia()).use(i18n).provide(apiKey, api).mount('#app')
