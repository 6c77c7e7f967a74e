import { onUnmounted, ref } from 'vue'
import type { Ref } from 'vue'

/** The present, for texts that grow old: days, waiting times. */
export function useNow(stepMs: number): Readonly<Ref<number>> {
  const nowMs = ref(Date.now())
  const timer = setInterval(() => (nowMs.value = Date.now()), stepMs)
  onUnmounted(() => {
    clearInterval(timer)
  })
  return nowMs
}
