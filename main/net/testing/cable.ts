/** A TCP forwarder on loopback that can stop carrying anything, without closing: a cable that was pulled. */

import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Cable {
  /** What to dial instead of the address behind it. */
  readonly address: string
  pull(): void
  mend(): void
  close(): Promise<void>
}

/** @param behind a multiaddr of the form /ip4/127.0.0.1/tcp/… */
export async function layCable(behind: string): Promise<Cable> {
  const port = Number(behind.split('/')[4])
  const sockets = new Set<Socket>()
  let pulled = false
  const forward = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (bytes) => {
      if (!pulled) to.write(bytes)
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      if (!pulled) to.destroy()
    })
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    forward(near, far)
    forward(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`,
    pull: () => {
      pulled = true
    },
    mend: () => {
      pulled = false
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) =>
        server.close(() => {
          resolve()
        }),
      )
    },
  }
}
