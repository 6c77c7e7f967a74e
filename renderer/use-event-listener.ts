import { onMounted, onUnmounted } from 'vue'

/** Listens while the component is there. */
export function useEventListener<Name extends keyof WindowEventMap>(
  target: Window,
  name: Name,
  listener: (event: WindowEventMap[Name]) => void,
): void {
  onMounted(() => {
    target.addEventListener(name, listener)
  })
  onUnmounted(() => {
    target.removeEventListener(name, listener)
  })
}
