import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { ENGINE_PORT_MESSAGE, SHELL_CHANNELS } from '../shared/ipc/shell-contract.ts'
import type { EngineState, ShellApi } from '../shared/ipc/shell-contract.ts'
import { createMailSlot } from './mail-slot.ts'

const VERSION_ARGUMENT = '--parley-version='

const engineState = createMailSlot<EngineState>()
const openInvite = createMailSlot<string>()
const openChat = createMailSlot<string>()

ipcRenderer.on(SHELL_CHANNELS.engineState, (_event, state: EngineState) => engineState.put(state))
ipcRenderer.on(SHELL_CHANNELS.openInvite, (_event, link: string) => openInvite.put(link))
ipcRenderer.on(SHELL_CHANNELS.openChat, (_event, chatId: string) => openChat.put(chatId))
ipcRenderer.on(ENGINE_PORT_MESSAGE, (event) => {
  window.postMessage({ type: ENGINE_PORT_MESSAGE }, window.location.origin, event.ports)
})

const platformOf = (platform: string): ShellApi['platform'] =>
  platform === 'darwin' || platform === 'win32' ? platform : 'linux'

const api: ShellApi = {
  platform: platformOf(process.platform),
  version: process.argv.find((argument) => argument.startsWith(VERSION_ARGUMENT))?.slice(VERSION_ARGUMENT.length) ?? '',
  connectEngine: () => ipcRenderer.send(SHELL_CHANNELS.connectEngine),
  onEngineState: (listener) => engineState.listen(listener),
  onOpenInvite: (listener) => openInvite.listen(listener),
  onOpenChat: (listener) => openChat.listen(listener),
  grantFile: async (file) => {
    const path = webUtils.getPathForFile(file)
    return path === '' ? null : ((await ipcRenderer.invoke(SHELL_CHANNELS.grantFile, path)) as string | null)
  },
  pickSavePath: async (suggestedName) =>
    (await ipcRenderer.invoke(SHELL_CHANNELS.pickSavePath, suggestedName)) as string | null,
  openExternal: async (url) => (await ipcRenderer.invoke(SHELL_CHANNELS.openExternal, url)) as boolean,
  copyImage: async (png) => {
    await navigator.clipboard.write([
      new ClipboardItem({ 'image/png': new Blob([png.slice()], { type: 'image/png' }) }),
    ])
  },
}

contextBridge.exposeInMainWorld('parley', api)
