/** Mounts one view with a scripted engine behind it, for component tests. */

import { flushPromises, mount } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { vi } from 'vitest'
import type { Component, DefineComponent } from 'vue'
import { createI18n } from 'vue-i18n'
import type { AppState, CommandName } from '../../shared/ipc/engine-contract.ts'
import type { AccountId } from '../../shared/model/ids.ts'
import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts'
import { apiKey } from '../api.ts'
import type { Api, Reply } from '../api.ts'
import { messages } from '../i18n/index.ts'
import { useAppStore } from '../stores/app.ts'

export type ReadyState = Extract<AppState, { phase: 'ready' }>

export const READY: ReadyState = {
  phase: 'ready',
  account: { accountId: 'account' as AccountId, name: 'Robin', avatarHue: 9, recoverySaved: false },
  settings: DEFAULT_SETTINGS,
  network: { online: true, directCount: 0, relayPathCount: 0, waitingCount: 0, relays: [] },
  keychain: true,
  passphraseSet: false,
}

export const ok = (value: unknown): Reply<unknown> => ({ ok: true, value })

export interface ScriptedEngine {
  readonly api: Api
  /** Each command that was called, with its input, in order. */
  readonly calls: { readonly command: CommandName; readonly input: unknown }[]
  /** What the next calls of a command are answered with. */
  readonly answer: (command: CommandName, reply: Reply<unknown> | Promise<Reply<unknown>>) => void
}

/** Commands without an answer are a mistake of the test. */
export function scriptedEngine(): ScriptedEngine {
  const answers = new Map<CommandName, Reply<unknown> | Promise<Reply<unknown>>>()
  const calls: ScriptedEngine['calls'] = []
  const call = async (command: CommandName, input: unknown): Promise<Reply<unknown>> => {
    calls.push({ command, input })
    const reply = answers.get(command)
    if (reply === undefined) throw new Error(`no answer for ${command}`)
    return reply
  }
  const api: Api = {
    shell: {
      platform: 'linux',
      version: '1.2.3',
      connectEngine: vi.fn(),
      onEngineState: () => () => undefined,
      onOpenInvite: () => () => undefined,
      onOpenChat: () => () => undefined,
      grantFile: async () => 'grant',
      pickSavePath: async () => 'grant',
      openExternal: async () => true,
      copyImage: async () => undefined,
    },
    // each command's output type is the script's affair
    call: call as Api['call'],
    on: () => () => undefined,
    onConnected: () => () => undefined,
    grantFile: async () => ({ ok: true, value: 'grant' }),
    mediaUrl: (messageId) => `parley-media://attachment/${messageId}`,
  }
  return {
    api,
    calls,
    answer: (command, reply) => {
      answers.set(command, reply)
    },
  }
}

export interface MountedView {
  readonly view: VueWrapper
  /** The element with this `data-testid`, wherever a portal has put it. */
  readonly find: (testid: string) => HTMLElement | null
  readonly get: (testid: string) => HTMLElement
  readonly type: (testid: string, text: string) => Promise<void>
  readonly click: (testid: string) => Promise<void>
  readonly submit: (testid: string) => Promise<void>
  /** Until everything that was answered has been drawn. */
  readonly settle: () => Promise<void>
}

export function mountView(
  component: Component,
  engine: ScriptedEngine,
  state: AppState,
  props: Record<string, unknown> = {},
): MountedView {
  const pinia = createPinia()
  setActivePinia(pinia)
  useAppStore().setState(state)
  const i18n = createI18n({ legacy: false, locale: 'en', messages })
  const view = mount(component as DefineComponent, {
    props,
    attachTo: document.body,
    global: { plugins: [pinia, i18n], provide: { [apiKey as symbol]: engine.api } },
  })
  const find = (testid: string): HTMLElement | null => document.querySelector(`[data-testid="${testid}"]`)
  const get = (testid: string): HTMLElement => {
    const element = find(testid)
    if (element === null) throw new Error(`nothing with the test id ${testid}`)
    return element
  }
  const settle = async (): Promise<void> => {
    await flushPromises()
  }
  return {
    view,
    find,
    get,
    settle,
    async type(testid, text) {
      const input = get(testid)
      if (!(input instanceof HTMLInputElement)) throw new Error(`${testid} is no input`)
      input.value = text
      input.dispatchEvent(new Event('input', { bubbles: true }))
      await settle()
    },
    async click(testid) {
      get(testid).click()
      await settle()
    },
    async submit(testid) {
      const form = get(testid).closest('form')
      form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
      await settle()
    },
  }
}
