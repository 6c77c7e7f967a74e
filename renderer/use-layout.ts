import { computed, onUnmounted, ref } from 'vue'
import type { Ref } from 'vue'

/**
 * `panel`: room for the panel beside the conversation. `wide`: it lies over it. `strip`: the list is a strip of
 * pictures. `single`: one pane with a way back.
 */
export type Layout = 'panel' | 'wide' | 'strip' | 'single'

function useMatch(query: string): Readonly<Ref<boolean>> {
  const list = window.matchMedia(query)
  const matches = ref(list.matches)
  const changed = (): void => {
    matches.value = list.matches
  }
  list.addEventListener('change', changed)
  onUnmounted(() => {
    list.removeEventListener('change', changed)
  })
  return matches
}

export function useLayout(): Readonly<Ref<Layout>> {
  const panel = useMatch('(width >= 1180px)')
  const wide = useMatch('(width >= 860px)')
  const strip = useMatch('(width >= 600px)')
  return computed(() => {
    if (panel.value) return 'panel'
    if (wide.value) return 'wide'
    return strip.value ? 'strip' : 'single'
  })
}

/** Follows the system's wish for more contrast. */
export function useMoreContrast(): Readonly<Ref<boolean>> {
  return useMatch('(prefers-contrast: more)')
}
