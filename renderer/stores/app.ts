import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { AppState } from '../../shared/ipc/engine-contract.ts'
import type { EngineState } from '../../shared/ipc/shell-contract.ts'
import type { AccountView, NetworkView } from '../../shared/model/chat.ts'
import type { Settings } from '../../shared/model/settings.ts'
import type { Api } from '../api.ts'

type Ready = Extract<AppState, { phase: 'ready' }>

/** The phase, the account, the settings, the network; patched by events. */
export const useAppStore = defineStore('app', () => {
  const state = ref<AppState>({ phase: 'starting' })
  const engine = ref<EngineState>('running')
  const ready = computed<Ready | null>(() => (state.value.phase === 'ready' ? state.value : null))

  /** While an engine starts anew the window keeps showing what it has. */
  function setState(next: AppState): void {
    if (next.phase === 'starting' && state.value.phase === 'ready') return
    state.value = next
  }
  function patch(change: Partial<Ready>): void {
    if (state.value.phase === 'ready') state.value = { ...state.value, ...change }
  }

  async function load(api: Api): Promise<void> {
    const reply = await api.call('app.state', {})
    if (reply.ok) setState(reply.value)
  }

  function connect(api: Api): void {
    api.on('app.changed', setState)
    api.on('settings.changed', setSettings)
    api.on('network.changed', setNetwork)
    api.shell.onEngineState((next) => {
      engine.value = next
    })
    api.onConnected(() => {
      engine.value = 'running'
    })
  }

  function setSettings(settings: Settings): void {
    patch({ settings })
  }
  function setAccount(account: AccountView): void {
    patch({ account })
  }
  function setNetwork(network: NetworkView): void {
    patch({ network })
  }
  function setPassphraseSet(passphraseSet: boolean): void {
    patch({ passphraseSet })
  }

  return { state, engine, ready, setState, setSettings, setAccount, setNetwork, setPassphraseSet, load, connect }
})
