/** Mounts one view on the engine in memory, with the stores as the window has them. */

import { flushPromises, mount } from '@vue/test-utils'
import type { DOMWrapper, VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import type { Component, DefineComponent } from 'vue'
import { createI18n } from 'vue-i18n'
import { apiKey } from '../api.ts'
import type { Api } from '../api.ts'
import { connectStores } from '../connect-stores.ts'
import { messages } from '../i18n/index.ts'
import { fakeApi } from './fake-api.ts'
import type { FakeApiOptions, FakeShell } from './fake-api.ts'
import type { FakeEngine } from './fake-engine.ts'

export interface MountedWithEngine {
  readonly view: VueWrapper
  readonly api: Api
  readonly shell: FakeShell
  /** By test id, in the view or in a portal. */
  get(testid: string): DOMWrapper<HTMLElement>
  all(testid: string): readonly HTMLElement[]
}

export async function mountWithEngine(
  component: Component,
  engine: FakeEngine,
  props: Record<string, unknown> = {},
  options: FakeApiOptions = {},
): Promise<MountedWithEngine> {
  const { api, shell } = fakeApi(engine, options)
  const pinia = createPinia()
  setActivePinia(pinia)
  connectStores(api, pinia)
  await flushPromises()
  const i18n = createI18n({ legacy: false, locale: 'en', messages })
  const view = mount(component as DefineComponent, {
    props,
    attachTo: document.body,
    global: { plugins: [pinia, i18n], provide: { [apiKey as symbol]: api } },
  })
  await flushPromises()
  const all = (testid: string): readonly HTMLElement[] => [
    ...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`),
  ]
  return {
    view,
    api,
    shell,
    all,
    get: (testid) => {
      const inside = view.find<HTMLElement>(`[data-testid="${testid}"]`)
      if (inside.exists()) return inside
      throw new Error(`nothing with the test id ${testid}`)
    },
  }
}
