import { Router } from '../../main/ipc/router.ts'
import type { Commands } from '../../main/features/feature.ts'
import { ParleyError } from '../../shared/errors.ts'
import { commandInputs } from '../../shared/ipc/engine-contract.ts'
import { fuzzTarget } from '../engine/target.ts'
import { utf8, textOf, words } from '../samples.ts'

const CHAT_ID = 'AQEBAQEBAQEBAQEBAQEBAQ'
const RELAY_ID = 'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI'

const INPUTS: Readonly<Record<string, unknown>> = {
  'app.state': {},
  'account.create': { name: ' Ada ', passphrase: 'correct horse' },
  'account.set-passphrase': { current: 'correct horse', next: null },
  'account.restore': { grant: CHAT_ID, recoveryKey: '0123-4567' },
  'settings.set': { theme: 'dark' },
  'invites.accept': { link: 'parley://invite#AQ' },
  'chats.set-open': { chatId: null },
  'messages.page': { chatId: CHAT_ID, before: null, limit: 50 },
  'messages.send-text': { chatId: CHAT_ID, text: 'hello' },
  'messages.send-file': {
    chatId: CHAT_ID,
    grant: CHAT_ID,
    caption: '',
    photo: { width: 640, height: 480, blurhash: 'LEHV6n' },
  },
  'relays.test': { relayId: RELAY_ID },
}

/** Answers each command with the input that it was handed: what passed the contract. */
const echo = Object.fromEntries(
  Object.keys(commandInputs).map((name) => [name, (input: unknown) => input]),
) as unknown as Commands

function request(command: string, input: unknown): Uint8Array {
  return utf8(JSON.stringify({ id: 1, command, input }))
}

/** What the engine is asked for, whoever sends it. */
export const command = fuzzTarget({
  name: 'command',
  refuses: ['bad-request', 'not-ready'],
  hints: {
    words: words(
      '"__proto__":',
      '"constructor"',
      '"toString"',
      'null',
      '[]',
      '{}',
      '1e999',
      '-0',
      '\\ud800',
      ',',
      '"id":',
      CHAT_ID,
    ),
  },
  prepare: () => {
    const router = new Router({ commands: () => echo })
    return {
      samples: Object.fromEntries(Object.entries(INPUTS).map(([name, input]) => [name, request(name, input)])),
      decode: async (input) => {
        const reply = await router.handle(parsed(textOf(input)))
        if (reply === null) throw new ParleyError('bad-request', 'no request')
        if (!reply.ok) throw new ParleyError(reply.code, reply.detail)
        return reply.value
      },
    }
  },
})

/** JSON's own errors are not the router's. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
