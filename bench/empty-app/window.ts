/** The emptiest Vue app: one element to wait for. */
import { createApp, h } from 'vue'

createApp({ render: () => h('input', { 'data-testid': 'usable' }) }).mount('#app')
