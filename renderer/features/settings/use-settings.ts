import { ref } from 'vue'
import type { Ref } from 'vue'
import type { Settings } from '../../../shared/model/settings.ts'
import { useApi } from '../../api.ts'
import { useAppStore } from '../../stores/app.ts'

export interface SettingsWriter {
  /** The last change was not kept; a control then shows what is true. */
  readonly failed: Readonly<Ref<boolean>>
  readonly set: (patch: Partial<Settings>) => Promise<void>
}

export function useSettingsWriter(): SettingsWriter {
  const api = useApi()
  const app = useAppStore()
  const failed = ref(false)
  return {
    failed,
    async set(patch) {
      const reply = await api.call('settings.set', patch)
      failed.value = !reply.ok
      if (reply.ok) app.setSettings(reply.value)
    },
  }
}
