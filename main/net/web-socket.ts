/** libp2p dials WebSockets with the global of that name; Node before 22, and so Electron 33, does not have it. Imported before libp2p. */

import { WebSocket } from 'ws'

if (!('WebSocket' in globalThis)) {
  Object.defineProperty(globalThis, 'WebSocket', { configurable: true, writable: true, value: WebSocket })
}
