import { describe, expect, it } from 'vitest'
import type { CommandRequest, EnginePortMessage } from '../shared/ipc/engine-contract.ts'
import { LIMITS } from '../shared/ipc/engine-contract.ts'
import { ENGINE_PORT_MESSAGE } from '../shared/ipc/shell-contract.ts'
import type { EngineState, ShellApi } from '../shared/ipc/shell-contract.ts'
import type { ChatId } from '../shared/model/ids.ts'
import { connectApi } from './api.ts'

const CHAT = 'chat' as ChatId

/** The engine's end of a port. */
function enginePort() {
  const listeners: ((event: { data: EnginePortMessage }) => void)[] = []
  const posted: CommandRequest[] = []
  const port = {
    postMessage: (request: CommandRequest) => posted.push(request),
    addEventListener: (_name: string, listener: (event: { data: EnginePortMessage }) => void) =>
      listeners.push(listener),
    start: () => undefined,
    close: () => undefined,
  }
  const tell = (data: EnginePortMessage): void => {
    for (const listener of listeners) listener({ data })
  }
  return { port: port as unknown as MessagePort, posted, tell }
}

function connected(shellParts: Partial<ShellApi> = {}) {
  const source = new EventTarget() as Window
  let tellState: (state: EngineState) => void = () => undefined
  const shell: ShellApi = {
    platform: 'linux',
    version: '1',
    connectEngine: () => undefined,
    onEngineState: (listener) => {
      tellState = listener
      return () => undefined
    },
    onOpenInvite: () => () => undefined,
    onOpenChat: () => () => undefined,
    grantFile: async () => 'grant',
    pickSavePath: async () => null,
    openExternal: async () => true,
    copyImage: async () => undefined,
    ...shellParts,
  }
  const api = connectApi(shell, source)
  const bring = (engine: ReturnType<typeof enginePort>, from: unknown = source): void => {
    const parts = { data: { type: ENGINE_PORT_MESSAGE }, ports: [engine.port], source: from }
    source.dispatchEvent(Object.assign(new Event('message'), parts))
  }
  return { api, bring, tellState: (state: EngineState) => tellState(state) }
}

describe('a call', () => {
  it('is answered by its id, in whatever order the answers come', async () => {
    const { api, bring } = connected()
    const engine = enginePort()
    bring(engine)
    const first = api.call('account.recovery-key', {})
    const second = api.call('account.recovery-key', {})
    const [a, b] = engine.posted
    engine.tell({ id: b?.id ?? 0, ok: true, value: 'second' })
    engine.tell({ id: a?.id ?? 0, ok: false, code: 'not-ready', detail: 'x' })
    expect(await first).toEqual({ ok: false, code: 'not-ready', detail: 'x' })
    expect(await second).toEqual({ ok: true, value: 'second' })
  })

  it('waits for the first engine', async () => {
    const { api, bring } = connected()
    const reply = api.call('chats.list', {})
    const engine = enginePort()
    bring(engine)
    expect(engine.posted.map(({ command }) => command)).toEqual(['chats.list'])
    engine.tell({ id: engine.posted[0]?.id ?? 0, ok: true, value: [] })
    expect(await reply).toEqual({ ok: true, value: [] })
  })

  it('is asked again of the next engine when it changes nothing, and never when it might be done twice', async () => {
    const { api, bring } = connected()
    bring(enginePort())
    const list = api.call('chats.list', {})
    const send = api.call('messages.send-text', { chatId: CHAT, text: 'Hello' })
    const next = enginePort()
    bring(next)
    expect(await send).toMatchObject({ ok: false, code: 'not-ready' })
    expect(next.posted.map(({ command }) => command)).toEqual(['chats.list'])
    next.tell({ id: next.posted[0]?.id ?? 0, ok: true, value: [] })
    expect(await list).toEqual({ ok: true, value: [] })
  })

  it('does not wait for an engine that will not come', async () => {
    const { api, bring, tellState } = connected()
    bring(enginePort())
    const list = api.call('chats.list', {})
    tellState('stopped')
    expect(await list).toMatchObject({ ok: false, code: 'not-ready' })
  })

  it('carries plain data, even out of a store', () => {
    const { api, bring } = connected()
    const engine = enginePort()
    bring(engine)
    const input = new Proxy({ chatId: CHAT, text: 'Hello' }, {})
    void api.call('messages.send-text', input)
    expect(structuredClone(engine.posted[0]?.input)).toEqual({ chatId: CHAT, text: 'Hello' })
  })
})

it('takes a port from the own window only', () => {
  const { api, bring } = connected()
  const stranger = enginePort()
  bring(stranger, new EventTarget())
  void api.call('chats.list', {})
  expect(stranger.posted).toEqual([])
})

it('tells every listener of the engine’s state, the late one too', () => {
  const { api, tellState } = connected()
  const heard: string[] = []
  api.shell.onEngineState((state) => heard.push(`first ${state}`))
  tellState('restarting')
  api.shell.onEngineState((state) => heard.push(`second ${state}`))
  expect(heard).toEqual(['first restarting', 'second restarting'])
})

it('hands events to those who listen, until they stop', () => {
  const { api, bring } = connected()
  const engine = enginePort()
  bring(engine)
  const removed: string[] = []
  const stop = api.on('chat.removed', ({ chatId }) => removed.push(chatId))
  engine.tell({ event: 'chat.removed', payload: { chatId: CHAT } })
  stop()
  engine.tell({ event: 'chat.removed', payload: { chatId: CHAT } })
  expect(removed).toEqual(['chat'])
})

describe('a file', () => {
  it('with a path is granted by the shell, its bytes stay where they are', async () => {
    const { api, bring } = connected()
    const engine = enginePort()
    bring(engine)
    expect(await api.grantFile(new File(['x'], 'a.txt'))).toEqual({ ok: true, value: 'grant' })
    expect(engine.posted).toEqual([])
  })

  it('without a path is staged, under a name of its own if it has none', async () => {
    const { api, bring } = connected({ grantFile: async () => null })
    const engine = enginePort()
    bring(engine)
    const grant = api.grantFile(new File(['abc'], ''))
    await expect.poll(() => engine.posted.length).toBe(1)
    expect(engine.posted[0]?.input).toEqual({ name: 'file', bytes: new TextEncoder().encode('abc') })
    engine.tell({ id: engine.posted[0]?.id ?? 0, ok: true, value: { grant: 'staged' } })
    expect(await grant).toEqual({ ok: true, value: 'staged' })
  })

  it('without a path and too large to stage is refused before it is read', async () => {
    const { api } = connected({ grantFile: async () => null })
    const file = new File([], 'large.bin')
    Object.defineProperty(file, 'size', { value: LIMITS.stagedFileBytes + 1 })
    expect(await api.grantFile(file)).toMatchObject({ ok: false, code: 'file-too-large' })
  })
})
