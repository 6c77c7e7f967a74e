/** Commands of the contract that the core answers itself; features bring their own. */

import { safetyState } from '../domain/safety.ts'
import type { Commands } from '../features/feature.ts'
import type { Chats } from '../services/chats.ts'
import type { Contacts } from '../services/contacts.ts'
import type { Core } from '../services/core.ts'
import type { Delivery } from '../services/delivery.ts'
import type { InviteAcceptance } from '../services/invite-acceptance.ts'
import type { Invites } from '../services/invites.ts'
import type { JoinedChats } from '../services/joined-chats.ts'
import type { Outgoing } from '../services/outgoing.ts'
import type { OwnRelays } from '../services/own-relays.ts'
import type { Receipts } from '../services/receipts.ts'
import type { ResendRequests } from '../services/resend.ts'
import type { Verification } from '../services/verification.ts'
import type { Views } from '../services/views.ts'
import type { Settings } from '../../shared/model/settings.ts'
import type { MessageId } from '../../shared/model/ids.ts'
import { ParleyError } from '../../shared/errors.ts'

export interface NodeCommandParts {
  readonly core: Core
  readonly views: Views
  readonly chats: Chats
  readonly contacts: Contacts
  readonly verification: Verification
  readonly joinedChats: JoinedChats
  readonly invites: Invites
  readonly acceptance: InviteAcceptance
  readonly relays: OwnRelays
  readonly receipts: Receipts
  readonly outgoing: Outgoing
  readonly resend: ResendRequests
  readonly delivery: Delivery
  readonly applySettings: (settings: Settings) => void
}

export function nodeCommands(parts: NodeCommandParts): Commands {
  return {
    ...accountCommands(parts),
    ...contactCommands(parts),
    ...inviteCommands(parts),
    ...chatCommands(parts),
    ...relayCommands(parts),
  }
}

function accountCommands({ core, views, contacts, applySettings }: NodeCommandParts): Commands {
  return {
    'account.rename': ({ name }) => {
      core.store.transaction(() => {
        core.store.account.update({ name })
        contacts.broadcastProfile()
      })
      return views.account()
    },
    'settings.set': (patch) => {
      const settings = core.store.transaction(() => {
        const next: Settings = { ...core.store.settings.get(), ...withoutUndefined(patch) }
        core.store.settings.put(next)
        return next
      })
      applySettings(settings)
      core.emit('settings.changed', settings)
      return settings
    },
  }
}

function contactCommands({ views, chats, contacts, verification, joinedChats }: NodeCommandParts): Commands {
  return {
    'contacts.get': ({ contactId }) => views.contact(contacts.get(contactId)),
    'contacts.rename': ({ contactId, alias }) => views.contact(contacts.rename(contactId, alias)),
    'contacts.set-blocked': ({ contactId, blocked }) => views.contact(contacts.setBlocked(contactId, blocked)),
    'contacts.set-verified': ({ contactId, verified }) => views.contact(verification.setVerified(contactId, verified)),
    'contacts.verify-code': ({ contactId, code }) => {
      const outcome = verification.verifyCode(contactId, code)
      return { outcome, contact: views.contact(contacts.get(contactId)) }
    },
    'contacts.confirm-key': ({ contactId }) => views.contact(verification.confirmKey(contactId)),
    'contacts.join': ({ contactId, intoContactId }) => chats.view(joinedChats.join(contactId, intoContactId)),
  }
}

function withoutUndefined<T extends object>(patch: T): Partial<Settings> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
}

function inviteCommands({ core, views, chats, invites, acceptance }: NodeCommandParts): Commands {
  const nowMs = (): number => core.clock.nowMs()
  return {
    'invites.list': () => invites.list().map((invite) => views.invite(invite, nowMs())),
    'invites.create': async ({ label }) => views.invite(await invites.create(label), nowMs()),
    'invites.set-label': ({ inviteId, label }) => views.invite(invites.setLabel(inviteId, label), nowMs()),
    'invites.revoke': async ({ inviteId }) => views.invite(await invites.revoke(inviteId), nowMs()),
    'invites.accept': async ({ link }) => chats.view(await acceptance.accept(link)),
  }
}

function chatCommands(parts: NodeCommandParts): Commands {
  const { views, chats } = parts
  return {
    'chats.list': () => chats.list(),
    'chats.set-open': ({ chatId }) =>
      done(() => {
        chats.setOpen(chatId)
      }),
    'chats.mark-read': ({ chatId }) =>
      done(() => {
        chats.markRead(chatId)
      }),
    'chats.set-draft': ({ chatId, text }) =>
      done(() => {
        chats.setDraft(chatId, text)
      }),
    'chats.delete': ({ chatId }) =>
      done(() => {
        chats.delete(chatId)
      }),
    'messages.page': ({ chatId, before, limit }) => chats.page(chatId, before, limit),
    'messages.info': ({ messageId }) => views.messageInfo(messageId),
    'messages.delete': ({ messageId }) =>
      done(() => {
        chats.deleteMessage(messageId)
      }),
    'messages.retry': ({ messageId }) => {
      retry(parts, messageId)
      return views.messageById(messageId)
    },
    'messages.ask-again': async ({ messageId }) => {
      await askAgain(parts, messageId)
      return null
    },
  }
}

function done(action: () => void): null {
  action()
  return null
}

/** The same bytes once more; a message that was given up is on its way again. */
function retry({ core, chats, contacts, receipts, delivery }: NodeCommandParts, messageId: MessageId): void {
  const contact = contacts.get(chats.contactOf(messageId))
  if (safetyState(contact) === 'changed') throw new ParleyError('key-not-confirmed', 'message')
  const rows = core.store.outbox.ofMessage(messageId)
  if (rows.length === 0) throw new ParleyError('not-found', 'nothing of this message waits')
  core.store.transaction(() => {
    core.store.messages.update(messageId, { status: 'sending', failure: null })
    receipts.refresh(messageId)
  })
  for (const row of rows) delivery.kick(row.deviceId)
}

async function askAgain({ core, chats, resend }: NodeCommandParts, messageId: MessageId): Promise<void> {
  const contactId = chats.contactOf(messageId)
  const parked = core.store.inbox.parked(contactId).map((row) => row.envelopeId)
  if (parked.length > 0) await resend.ask(contactId, parked)
}

function relayCommands({ relays }: NodeCommandParts): Commands {
  return {
    'relays.add': ({ address }) => relays.add(address),
    'relays.remove': ({ relayId }) =>
      done(() => {
        relays.remove(relayId)
      }),
    'relays.test': ({ relayId }) => relays.test(relayId),
  }
}
