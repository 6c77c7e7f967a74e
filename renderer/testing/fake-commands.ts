/** Commands of the fake engine that have little to do with chats. */

import type { AppState, CommandInput, CommandName, CommandOutputs } from '../../shared/ipc/engine-contract.ts'
import type {
  AccountView,
  ChatView,
  CodeComparison,
  ContactView,
  MessageBody,
  MessageView,
  NetworkView,
  RelayView,
} from '../../shared/model/chat.ts'
import type { ChatId, ContactId, MessageId, RelayId } from '../../shared/model/ids.ts'
import { SAFETY_CODE_PREFIX } from '../../shared/wire/safety-code.ts'
import { ParleyError } from '../../shared/errors.ts'
import { fakeFile, fakeId } from './fake-records.ts'

export type Handler<Name extends CommandName> = (
  input: CommandInput<Name>,
) => CommandOutputs[Name] | Promise<CommandOutputs[Name]>
export type Handlers = { readonly [Name in CommandName]: Handler<Name> }

/** What these commands need of the engine. */
interface Engine {
  account: AccountView
  readonly network: NetworkView
  readonly grants: Map<string, string>
  nowMs(): number
  newId(): string
  state(): AppState
  setState(state: AppState | null): void
  setNetwork(patch: Partial<NetworkView>): void
  message(messageId: MessageId): MessageView
  patchMessage(messageId: MessageId, patch: Partial<MessageView>): MessageView
  write(chatId: ChatId, body: MessageBody): MessageView
  /** What the next safety code that is scanned turns out to be. */
  readonly scanned: CodeComparison
  patchContact(contactId: ContactId, patch: Partial<ContactView>): ContactView
  join(contactId: ContactId, intoContactId: ContactId): ChatView
}

type AccountCommands = Pick<Handlers, Extract<keyof CommandOutputs, `account.${string}`>>
type FileCommands = Pick<Handlers, Extract<keyof CommandOutputs, `files.${string}`> | 'messages.send-file'>
type ContactCommands = Pick<Handlers, Extract<keyof CommandOutputs, `contacts.${string}`>>
type RelayCommands = Pick<Handlers, Extract<keyof CommandOutputs, `relays.${string}`>>

export function accountCommands(engine: Engine): AccountCommands {
  const ready = () => {
    engine.setState(null)
    return engine.state()
  }
  return {
    'account.create': ({ name }) => {
      engine.account = { ...engine.account, name, recoverySaved: false }
      return ready()
    },
    'account.rename': ({ name }) => (engine.account = { ...engine.account, name }),
    'account.unlock': ready,
    'account.recover': ready,
    'account.restore': ready,
    'account.set-passphrase': () => null,
    'account.recovery-key': () => 'K7QM-2PXA-94TD-HN6R-EW3C-5VBY',
    'account.save-recovery-file': () => null,
  }
}

export function fileCommands(engine: Engine): FileCommands {
  return {
    'messages.send-file': ({ chatId, caption, photo, grant }) =>
      engine.write(
        chatId,
        fakeFile({ name: engine.grants.get(grant) ?? 'file', sizeBytes: 2_100_000, caption, photo }),
      ),
    'files.stage': ({ name }) => {
      const grant = engine.newId()
      engine.grants.set(grant, name)
      return { grant }
    },
    'files.download': ({ messageId }) => {
      const { body } = engine.message(messageId)
      if (body.kind !== 'file') throw new ParleyError('not-found', 'attachment')
      const attachment = { ...body.attachment, state: 'remote', failure: null } as const
      engine.patchMessage(messageId, { body: { ...body, attachment } })
      return null
    },
    'files.save': () => null,
    'files.cancel': () => null,
  }
}

export function contactCommands(engine: Engine): ContactCommands {
  const compared = (contactId: ContactId): ContactView =>
    engine.patchContact(contactId, { safety: 'verified', verifiedAtMs: engine.nowMs() })
  return {
    'contacts.get': ({ contactId }) => engine.patchContact(contactId, {}),
    'contacts.rename': ({ contactId, alias }) => engine.patchContact(contactId, { alias }),
    'contacts.set-blocked': ({ contactId, blocked }) => engine.patchContact(contactId, { blocked }),
    'contacts.set-verified': ({ contactId, verified }) =>
      verified ? compared(contactId) : engine.patchContact(contactId, { safety: 'unverified', verifiedAtMs: null }),
    'contacts.verify-code': ({ contactId, code }) => {
      if (!code.startsWith(SAFETY_CODE_PREFIX)) throw new ParleyError('malformed', 'not a safety code')
      const outcome = engine.scanned
      return { outcome, contact: outcome === 'match' ? compared(contactId) : engine.patchContact(contactId, {}) }
    },
    'contacts.confirm-key': ({ contactId }) =>
      engine.patchContact(contactId, { safety: 'unverified', verifiedAtMs: null }),
    'contacts.join': ({ contactId, intoContactId }) => engine.join(contactId, intoContactId),
  }
}

export function relayCommands(engine: Engine): RelayCommands {
  const relay = (relayId: RelayId): RelayView => {
    const known = engine.network.relays.find((view) => view.relayId === relayId)
    if (known === undefined) throw new ParleyError('not-found', 'relay')
    return known
  }
  return {
    'relays.add': ({ address }) => {
      const added: RelayView = {
        relayId: fakeId(engine.network.relays.length + 50, 43) as RelayId,
        name: address.split('@')[0] ?? address,
        state: 'connected',
        roundTripMs: 34,
        sinceMs: engine.nowMs(),
        failure: null,
        heldCount: 0,
      }
      engine.setNetwork({ relays: [...engine.network.relays, added] })
      return added
    },
    'relays.remove': ({ relayId }) => {
      relay(relayId)
      engine.setNetwork({ relays: engine.network.relays.filter((view) => view.relayId !== relayId) })
      return null
    },
    'relays.test': ({ relayId }) => relay(relayId),
  }
}
