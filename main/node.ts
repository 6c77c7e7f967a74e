/** The messaging node of an open profile: every service, put together once. */

import { localParty } from './services/identity.ts'
import { Attention } from './services/attention.ts'
import type { AttentionTexts } from './services/attention.ts'
import { ChangeFeed } from './services/change-feed.ts'
import { ChatLog } from './services/chat-log.ts'
import { Chats } from './services/chats.ts'
import { Contacts } from './services/contacts.ts'
import type { ContactChanges } from './services/contacts.ts'
import { ownAccount } from './services/core.ts'
import type { Core, Emit } from './services/core.ts'
import { Delivery } from './services/delivery.ts'
import { DirectLinks } from './services/direct-links.ts'
import { Incoming } from './services/incoming.ts'
import type { ContentHandler } from './services/incoming.ts'
import { InviteAcceptance } from './services/invite-acceptance.ts'
import { InviteUsedAnswers } from './services/invite-used.ts'
import { Invites } from './services/invites.ts'
import { JoinedChats } from './services/joined-chats.ts'
import { LiveSessions } from './services/live-sessions.ts'
import { NetworkState } from './services/network-state.ts'
import { Outgoing } from './services/outgoing.ts'
import { OwnRelays } from './services/own-relays.ts'
import { Paths } from './services/paths.ts'
import { PrekeyStock } from './services/prekey-stock.ts'
import { Receipts } from './services/receipts.ts'
import { RelayDeposits } from './services/relay-deposits.ts'
import { ResendRequests } from './services/resend.ts'
import { SessionRenewal } from './services/session-renewal.ts'
import { SessionStarter } from './services/session-starter.ts'
import { Verification } from './services/verification.ts'
import { Views } from './services/views.ts'
import { FEATURES } from './features/features.ts'
import type { BlobService, Commands, Feature } from './features/feature.ts'
import { nodeCommands } from './ipc/node-commands.ts'
import { MEMORY_MS } from './domain/delivery-limits.ts'
import type { Crypto } from './crypto/index.ts'
import type { AttachmentCipher } from './ports/attachment-cipher.ts'
import type { DirectPort, DirectSettings } from './ports/direct.ts'
import type { RelayPort } from './ports/relay.ts'
import type { Clock, Desktop, FileGrants, Logger } from './ports/runtime.ts'
import type { Profile } from './ports/store/profile.ts'
import type { Store } from './ports/store/store.ts'
import { CONTENT_TYPES } from '../shared/wire/content.ts'
import type { MessageId } from '../shared/model/ids.ts'
import type { Settings } from '../shared/model/settings.ts'

const HOUR_MS = 60 * 60 * 1000
/** Addresses come one by one while listeners and circuits come up: contacts are told once. */
const ADDRESS_SETTLE_MS = 1_500

export interface NodeParts {
  readonly store: Store
  readonly profile: Profile
  readonly crypto: Crypto
  readonly clock: Clock
  readonly log: Logger
  readonly desktop: Desktop
  readonly grants: FileGrants
  readonly relays: RelayPort
  readonly direct: DirectPort
  readonly cipher: AttachmentCipher
  readonly directDefaults: Pick<DirectSettings, 'transports' | 'listen'>
  readonly emit: Emit
  readonly texts: AttentionTexts
  /** How long an envelope may lie unopened before it is asked for again; the default is the design's minute. */
  readonly resendAfterMs?: number
}

export interface RunningNode {
  readonly core: Core
  readonly views: Views
  readonly network: NetworkState
  readonly attention: Attention
  readonly commands: Commands
  readonly blobs: BlobService
  start(): Promise<void>
  networkHint(online: boolean): void
  /** Tells every contact about this device: after a restore. */
  announce(): void
  stop(): Promise<void>
}

export function buildNode(parts: NodeParts): RunningNode {
  const { store, crypto, clock, log, emit } = parts
  const liveSessions = new LiveSessions()
  const local = localParty(crypto, ownAccount(store))
  const core: Core = { store, crypto, clock, log, emit, sessions: liveSessions, local }
  const paths = new Paths()
  const views = new Views(store, crypto, paths)
  const feed = new ChangeFeed(store, views, emit, clock)
  const outgoing = new Outgoing(core, {
    kick: (deviceId) => {
      delivery.kick(deviceId)
    },
  })
  const chatLog = new ChatLog(core, feed)
  const receipts = new Receipts(core, feed, outgoing)
  const prekeys = new PrekeyStock(core)
  const sessions = new SessionStarter(core, parts.relays, () => outgoing)
  const links = new DirectLinks(core, parts.direct, paths, feed)
  const resend = new ResendRequests(core, outgoing, sessions, parts.resendAfterMs)
  const chats = new Chats(core, {
    views,
    feed,
    receipts,
    deleteBlobs: (blobIds) => {
      blobs.delete(blobIds)
    },
  })
  const attention = new Attention(store, parts.desktop, parts.texts, () => chats.openChat)
  const relays: OwnRelays = new OwnRelays(core, {
    port: parts.relays,
    paths,
    prekeys,
    incoming: () => incoming,
    changes: {
      onRelayState: () => {
        network.refresh()
        refreshPaths()
        void placeWaitingInvites()
      },
      onOwnRelaysChanged: () => {
        contacts.broadcastProfile()
        store.afterCommit(useCircuits)
      },
    },
  })
  const network: NetworkState = new NetworkState(core, paths, relays)
  const contactChanges: ContactChanges = {
    onDevices: (contactId) => {
      links.bindNew(contactId)
    },
    onBlocked: (contact, blocked) => {
      if (blocked) links.closeLinks(contact.contactId)
      void (blocked
        ? relays.revoke(contact.ownDeliverySecret)
        : relays.admit(contact.ownDeliverySecret, contact.ownHandle))
    },
  }
  const contacts: Contacts = new Contacts(core, {
    feed,
    log: chatLog,
    outgoing,
    addresses: () => parts.direct.addresses(),
    changes: contactChanges,
  })
  const renewal = new SessionRenewal(core, {
    sendProfile: (contact) => {
      contacts.sendProfile(contact, false)
    },
    reseal: (row) => outgoing.reseal(row),
  })
  const verification = new Verification(core, { feed, outgoing })
  const joinedChats = new JoinedChats(core, { feed, log: chatLog, verification, changes: contactChanges })
  const inviteUsed = new InviteUsedAnswers(core, parts.relays, receipts)
  const invites: Invites = new Invites(core, {
    feed,
    log: chatLog,
    relays,
    prekeys,
    direct: parts.direct,
    onContact: (contactId) => {
      const contact = store.contacts.get(contactId)
      if (contact !== null) void relays.admit(contact.ownDeliverySecret, contact.ownHandle)
      links.bindNew(contactId)
      feed.contact(contactId)
    },
    answerUsed: (profile, sender, envelope) => {
      void inviteUsed.send(profile, sender.deviceId, envelope)
    },
  })
  const acceptance = new InviteAcceptance(core, {
    invites,
    contacts,
    ownRelays: relays,
    relays: parts.relays,
    direct: parts.direct,
  })
  const features: readonly Feature[] = FEATURES.map((make) =>
    make({
      core,
      feed,
      views,
      log: chatLog,
      chats,
      outgoing,
      receipts,
      paths,
      relays: parts.relays,
      blobs: parts.profile.blobs,
      cipher: parts.cipher,
      grants: parts.grants,
      onMessage: announceMessage,
    }),
  )
  const blobs = blobServiceOf(features)
  const deposits = new RelayDeposits(core, {
    relays: parts.relays,
    paths,
    receipts,
    uploads: blobs,
    onPathChanged: () => {
      refreshPaths()
    },
  })
  const delivery: Delivery = new Delivery(core, { paths, direct: links, sessions, deposits })
  const incoming: Incoming = new Incoming(core, {
    admission: {
      admitDevice: (contact, sender, profile) => contacts.admitDevice(contact, sender, profile),
      admitTaker: (sender, profile, opened) => invites.admitTaker(sender, profile, opened),
    },
    receipts,
    handlers: new Map<number, ContentHandler>([
      [CONTENT_TYPES.receipt, receipts.onReceipt],
      [CONTENT_TYPES.profile, contacts.onProfile],
      [CONTENT_TYPES.resend, resend.onResend],
      [CONTENT_TYPES.inviteUsed, inviteUsed.onInviteUsed],
      ...features.flatMap((feature) => [...feature.handlers]),
    ]),
    onUnknown: ({ contact, content }) => {
      if (content.order === null) return
      chatLog.addTheirs(contact, content, content.order, { kind: 'unreadable', reason: 'newer-version' })
    },
    onParked: resend.schedule,
    onHeard: (contactId) => {
      links.heardFrom(contactId)
    },
    onSession: (contactId) => {
      renewal.sealWaiting(contactId)
    },
  })

  links.listen({
    onLink: (deviceId, contactId) => {
      delivery.onLink(deviceId)
      for (const feature of features) feature.onPath?.(contactId)
      network.refresh()
    },
    onNoDirectPath: (deviceId) => {
      delivery.onNoDirectPath(deviceId)
      network.refresh()
    },
  })
  feed.onFlush(() => {
    attention.refreshBadge()
    network.refresh()
  })

  let cancelAddresses: (() => void) | null = null
  let cancelHourly: (() => void) | null = null
  let stopped = false

  function announceMessage(messageId: MessageId): void {
    store.afterCommit(() => {
      const message = views.messageById(messageId)
      const chat = store.chats.get(message.chatId)
      if (chat !== null) attention.onMessage(message, views.chat(chat).title)
    })
  }

  function refreshPaths(): void {
    for (const contact of store.contacts.list()) feed.contact(contact.contactId)
  }

  async function placeWaitingInvites(): Promise<void> {
    const open = invites.list().filter((invite) => invite.state === 'open' && invite.expiresAtMs > clock.nowMs())
    const wanted = store.relays.list().filter((relay) => relay.state === 'active')
    for (const invite of open) {
      if (wanted.some((relay) => !invite.relayIds.includes(relay.relayId))) await invites.place(invite)
    }
  }

  function useCircuits(): void {
    const wanted = store.relays.list().filter((relay) => relay.state === 'active')
    void parts.direct.useCircuits(store.settings.get().hideAddress ? [] : wanted)
  }

  function directSettings(settings: Settings): DirectSettings {
    return { ...parts.directDefaults, hideAddress: settings.hideAddress, findOnLan: settings.findOnLan }
  }

  function hourly(): void {
    store.transaction(() => {
      store.inbox.sweep(clock.nowMs() - MEMORY_MS)
    })
    delivery.kickAll()
    void relays.tidy()
    cancelHourly = clock.after(HOUR_MS, hourly)
  }

  async function start(): Promise<void> {
    await parts.direct.start(core.local.device.peer.secretKey, directSettings(store.settings.get()), {
      isAllowed: (peerKey) => links.isAllowed(peerKey),
      acceptsStrangers: () => invites.hasDirectOnly(),
      onLink: (link) => {
        links.onLink(link)
      },
      onLinkClosed: (link) => {
        links.onLinkClosed(link)
      },
      onEnvelope: (link, envelope) => incoming.receive(envelope, { kind: 'direct', peerKey: link.peerKey }),
      onEphemeral: () => {
        // No feature of this version sends any.
      },
      openBlob: (blobId, capability, offset) => blobs.open(blobId, capability, offset),
      takeInvite: (slotId, nonce) => Promise.resolve(invites.takeDirectly(slotId, nonce)),
      onAddressesChanged: () => {
        if (stopped) return
        cancelAddresses?.()
        cancelAddresses = clock.after(ADDRESS_SETTLE_MS, () => {
          cancelAddresses = null
          contacts.broadcastProfile()
        })
      },
    })
    prekeys.renewIfDue()
    renewal.greet()
    relays.start()
    useCircuits()
    links.refreshLan()
    links.attemptAll()
    for (const feature of features) feature.start?.()
    resend.schedule()
    hourly()
    attention.refreshBadge()
    network.refresh()
  }

  return {
    core,
    views,
    network,
    attention,
    blobs,
    commands: {
      ...nodeCommands({
        core,
        views,
        chats,
        contacts,
        verification,
        joinedChats,
        invites,
        acceptance,
        relays,
        receipts,
        outgoing,
        resend,
        delivery,
        applySettings: (settings) => {
          parts.desktop.settingsChanged(settings)
          void parts.direct.configure(directSettings(settings))
          useCircuits()
        },
      }),
      ...features.reduce<Commands>((all, feature) => ({ ...all, ...feature.commands }), {}),
    },
    start,
    networkHint: (online) => {
      network.setMachineOnline(online)
      if (!online) return
      relays.retryNow()
      links.attemptAll()
      delivery.kickAll()
    },
    announce: () => {
      store.transaction(() => {
        for (const contact of store.contacts.list()) if (!contact.blocked) contacts.sendProfile(contact, true)
      })
    },
    stop: async () => {
      if (stopped) return
      stopped = true
      cancelAddresses?.()
      cancelHourly?.()
      resend.stop()
      sessions.stop()
      delivery.stop()
      links.stop()
      for (const feature of features) feature.stop?.()
      await parts.cipher.stop()
      await relays.stop()
      await parts.direct.stop()
      await parts.relays.stop()
      liveSessions.clear()
    },
  }
}

function blobServiceOf(features: readonly Feature[]): BlobService {
  const service = features.map((feature) => feature.blobs).find((blobs) => blobs !== undefined)
  if (service === undefined) throw new Error('no feature serves blobs')
  return service
}
