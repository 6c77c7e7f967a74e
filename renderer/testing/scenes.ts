/** States of the window to look at: the same people and sentences as in the design's pictures. */

import { encode } from 'blurhash'
import type { ChatId, MessageId, RelayId } from '../../shared/model/ids.ts'
import type { AttachmentView, NetworkView } from '../../shared/model/chat.ts'
import { FakeEngine } from './fake-engine.ts'
import { fakeFile, fakeId } from './fake-records.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const MEGABYTE = 1_000_000
const RELAYS = ['quay.example.org', 'relay.example.net', 'attic.example.com']

export const SCENE_NAMES = ['main', 'empty', 'offline', 'key-changed', 'long', 'first-run'] as const
export type SceneName = (typeof SCENE_NAMES)[number]

export interface Scene {
  readonly engine: FakeEngine
  readonly openChatId: ChatId | null
  /** Pictures of messages, as URLs. */
  readonly pictures: ReadonlyMap<MessageId, string>
  /** What goes on once the window is there. */
  readonly begin: () => void
}

/** @param nowMs the scene's present: a moment after 10:44 of its day */
export function scene(name: SceneName, nowMs: number): Scene {
  const pictures = new Map<MessageId, string>()
  const begin = (): void => undefined
  switch (name) {
    case 'first-run': {
      const engine = new FakeEngine({ nowMs: () => Date.now(), state: { phase: 'new', keychain: true } })
      return { engine, openChatId: null, pictures, begin }
    }
    case 'empty':
      return { engine: sceneEngine(), openChatId: null, pictures, begin }
    case 'main': {
      const engine = sceneEngine()
      const { chatId, begin: sending } = mainScene(engine, nowMs, pictures)
      return { engine, openChatId: chatId, pictures, begin: sending }
    }
    case 'offline': {
      const engine = sceneEngine()
      return { engine, openChatId: offlineScene(engine, nowMs, pictures), pictures, begin }
    }
    case 'key-changed': {
      const engine = sceneEngine()
      return { engine, openChatId: keyChangedScene(engine, nowMs), pictures, begin }
    }
    case 'long': {
      const engine = sceneEngine()
      return { engine, openChatId: longScene(engine, nowMs), pictures, begin }
    }
  }
}

function sceneEngine(): FakeEngine {
  const engine = new FakeEngine({ nowMs: () => Date.now() })
  engine.network = { ...engine.network, relays: relayViews(engine.nowMs()) }
  return engine
}

function relayViews(nowMs: number): NetworkView['relays'] {
  return RELAYS.map((name, index) => ({
    relayId: fakeId(index, 43) as RelayId,
    name,
    state: index === 2 ? 'unreachable' : 'connected',
    roundTripMs: index === 2 ? null : 34 + index * 27,
    sinceMs: nowMs - 90 * MINUTE_MS,
    failure: null,
    heldCount: 0,
  }))
}

function mainScene(engine: FakeEngine, nowMs: number, pictures: Map<MessageId, string>) {
  const at = (hour: number, minute: number, daysAgo = 0): number =>
    new Date(nowMs - daysAgo * DAY_MS).setHours(hour, minute, 0, 0)
  const mira = engine.addPerson({ name: 'Mira', hue: 11, path: 'direct', relays: RELAYS, lastSeenAtMs: at(10, 42) })
  engine.write(mira, 'Perfect. I’ll bring the puncture kit this time 😄', { atMs: at(10, 14), status: 'read' })
  addPhoto(engine, mira, pictures, at(10, 21), 'The bay from the hill, an hour ago')
  engine.write(mira, 'Worth every step, by the look of it.', { atMs: at(10, 24), status: 'read' })
  const map = engine.write(mira, fakeFile({ name: 'Island loop map.pdf', sizeBytes: 18.4 * MEGABYTE }), {
    atMs: at(10, 28),
  })
  engine.markRead(mira)
  engine.receive(mira, 'They still have room by the water: https://northbay.example/camp', { atMs: at(10, 40) })
  engine.receive(mira, 'Two nights, then? I can book it now.', { atMs: at(10, 42) })
  engine.receive(mira, '👍🏽🙌', { atMs: at(10, 43) })
  addOthers(engine, at)
  return { chatId: mira, begin: () => engine.progress(map.messageId, 6.2 * MEGABYTE) }
}

function addOthers(engine: FakeEngine, at: (hour: number, minute: number, daysAgo?: number) => number): void {
  const priya = engine.addPerson({ name: 'Priya', hue: 1, path: 'direct' })
  engine.receive(priya, 'Shall we meet at the market?', { atMs: at(10, 31) })
  engine.markRead(priya)
  engine.patchChat(priya, { draft: 'I could be there at four if the bus is on time' })
  engine.write(engine.addPerson({ name: 'Tomás', hue: 7 }), 'See you at the station', {
    atMs: at(9, 58),
    status: 'read',
  })
  engine.write(engine.addPerson({ name: 'Amina', hue: 9 }), 'The tent is in the blue bag', {
    atMs: at(18, 3, 1),
    status: 'held',
  })
  engine.receive(engine.addPerson({ name: 'Sam', hue: 0 }), 'Call me when you can', { atMs: at(17, 40, 5) })
  engine.write(engine.addPerson({ name: 'Lin', hue: 6 }), photo('', 'here'), {
    atMs: at(12, 0, 5),
    status: 'delivered',
  })
  const failed = engine.addPerson({ name: 'Aleksandra Wiśniewska-Kowalczyk of the allotments', hue: 5 })
  engine.write(failed, 'Bring the long hose', { atMs: at(9, 0, 6), status: 'failed', failure: 'too-large' })
  engine.write(engine.addPerson({ name: 'Jonas', hue: 8, path: 'waiting' }), 'Will call when I land', {
    atMs: at(8, 30, 6),
  })
  engine.write(engine.addPerson({ name: 'Noor', hue: 3 }), 'Thank you! Speak soon', {
    atMs: at(21, 15, 8),
    status: 'read',
  })
  const blocked = engine.addPerson({ name: 'Mallory', hue: 10, path: 'waiting' })
  engine.receive(blocked, 'Hello?', { atMs: at(7, 0, 40) })
  engine.markRead(blocked)
  engine.patchChat(blocked, { blocked: true })
}

function offlineScene(engine: FakeEngine, nowMs: number, pictures: Map<MessageId, string>): ChatId {
  const at = (hour: number, minute: number, daysAgo = 0): number =>
    new Date(nowMs - daysAgo * DAY_MS).setHours(hour, minute, 0, 0)
  const mira = engine.addPerson({ name: 'Mira', hue: 11, path: 'waiting', relays: RELAYS, lastSeenAtMs: at(10, 31) })
  engine.receive(mira, 'I’ll be at the harbour from eight.', { atMs: at(10, 22) })
  engine.write(mira, 'Good. I’ll send the tickets tonight.', { atMs: at(10, 24), status: 'read' })
  addPhoto(engine, mira, pictures, at(10, 30), '', 'remote')
  engine.receive(mira, 'It snowed up here!', { atMs: at(10, 31) })
  engine.write(mira, fakeFile({ name: 'Crossing film.mp4', sizeBytes: 164 * MEGABYTE, mediaType: 'video/mp4' }), {
    atMs: at(10, 32),
    status: 'failed',
    failure: 'too-large',
  })
  engine.receive(mira, { kind: 'unreadable', reason: 'cannot-decrypt' }, { atMs: at(10, 33) })
  engine.write(mira, 'Is the early ferry still all right?', { atMs: at(10, 41) })
  engine.markRead(mira)
  addOthers(engine, at)
  for (const chatId of engine.chats.keys()) engine.setPath(chatId, 'waiting')
  engine.setNetwork({ online: false, directCount: 0, waitingCount: 3 })
  return mira
}

/** Mira came back with another key; Lin is compared, and Noor is new and may be somebody from before. */
function keyChangedScene(engine: FakeEngine, nowMs: number): ChatId {
  const at = (hour: number, minute: number, daysAgo = 0): number =>
    new Date(nowMs - daysAgo * DAY_MS).setHours(hour, minute, 0, 0)
  const mira = engine.addPerson({ name: 'Mira', hue: 11, path: 'relay', relays: RELAYS, lastSeenAtMs: at(10, 31) })
  engine.receive(mira, 'I’ll be at the harbour from eight.', { atMs: at(10, 22) })
  engine.write(mira, 'Good. I’ll send the tickets tonight.', { atMs: at(10, 24), status: 'read' })
  engine.write(mira, 'Bring a warm jacket, it is windy on deck.', { atMs: at(10, 25), failure: 'key-not-confirmed' })
  engine.receive(mira, { kind: 'event', event: { type: 'key-changed' } }, { atMs: at(10, 42) })
  engine.markRead(mira)
  engine.patchContact(engine.chat(mira).contactId, { safety: 'changed', verifiedAtMs: at(9, 0, 40) })
  addOthers(engine, at)
  for (const { chatId, title, contactId } of [...engine.chats.values()]) {
    if (title === 'Lin') engine.patchContact(contactId, { safety: 'verified', verifiedAtMs: at(18, 0, 12) })
    if (title === 'Noor') {
      const mayContinue = [...engine.chats.keys()].filter((other) => other !== chatId)
      engine.patchContact(contactId, { mayContinue })
    }
  }
  return mira
}

/** Many days, many messages: for scrolling. */
function longScene(engine: FakeEngine, nowMs: number): ChatId {
  const chatId = engine.addPerson({ name: 'Tomás', hue: 7, path: 'relay', relays: RELAYS, lastSeenAtMs: nowMs })
  const count = 3_000
  for (let index = 0; index < count; index += 1) {
    const atMs = nowMs - (count - index) * 7 * MINUTE_MS
    const text = `Number ${index + 1}. ${'A few more words to fill the line. '.repeat(index % 4)}`.trim()
    if (index % 3 === 0) engine.receive(chatId, text, { atMs })
    else engine.write(chatId, text, { atMs, status: 'read' })
  }
  engine.markRead(chatId)
  return chatId
}

function addPhoto(
  engine: FakeEngine,
  chatId: ChatId,
  pictures: Map<MessageId, string>,
  atMs: number,
  caption: string,
  state: AttachmentView['state'] = 'here',
): void {
  const message = engine.receive(chatId, photo(caption, state), { atMs })
  pictures.set(message.messageId, LANDSCAPE)
}

function photo(caption: string, state: AttachmentView['state']) {
  return fakeFile({
    name: 'bay.jpg',
    mediaType: 'image/jpeg',
    sizeBytes: 2.1 * MEGABYTE,
    caption,
    state,
    photo: { width: 2_400, height: 1_120, blurhash: LANDSCAPE_HASH },
  })
}

const LANDSCAPE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1500 700"><linearGradient id="s" x1="0" y1="0" x2="0" y2="1">' +
    '<stop offset="0" stop-color="#8a9fc0"/><stop offset=".55" stop-color="#f0d9b5"/></linearGradient>' +
    '<rect width="1500" height="700" fill="url(#s)"/><path d="M0 380 240 250 520 360 800 230 1130 370 1500 240V700H0Z" ' +
    'fill="#7d7fa8"/><path d="M0 470 330 360 640 460 980 350 1280 470 1500 380V700H0Z" fill="#3d4a66"/>' +
    '<rect y="590" width="1500" height="110" fill="#6c8ba6"/></svg>',
)}`

const LANDSCAPE_HASH = encode(landscapePixels(), 32, 15, 4, 3)

function landscapePixels(): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(32 * 15 * 4)
  for (let at = 0; at < pixels.length; at += 4) {
    const row = Math.floor(at / (32 * 4))
    const color = row < 8 ? [150 + row * 10, 165 + row * 6, 190] : row < 12 ? [61, 74, 102] : [108, 139, 166]
    pixels.set([...color, 255], at)
  }
  return pixels
}
