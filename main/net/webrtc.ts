/** WebRTC where its add-on loads; the other transports carry on without it. */

import type { RTCPeerConnection as PeerConnection } from 'node-datachannel/polyfill'

export async function loadWebRtc() {
  try {
    const [{ webRTC }, { RTCPeerConnection }] = await Promise.all([
      import('@libp2p/webrtc'),
      import('node-datachannel/polyfill'),
    ])
    holdCandidatesUntilAnswered(RTCPeerConnection.prototype)
    return webRTC
  } catch {
    return null
  }
}

const patched = new WeakSet<PeerConnection>()

/**
 * The add-on starts DTLS before it has stored the fingerprint of the answer that it is just being given. On a fast path the
 * other side, which knows our candidates since the offer, is quicker than that: the handshake fails ("unknown CA") and libp2p
 * waits in vain. With our candidates held back until the answer is stored, the other side has nothing to begin with.
 */
function holdCandidatesUntilAnswered(prototype: PeerConnection): void {
  if (patched.has(prototype)) return
  patched.add(prototype)
  const held = new WeakMap<PeerConnection, Event[]>()
  const dispatchEvent = unbound(prototype, 'dispatchEvent')
  const setRemoteDescription = unbound(prototype, 'setRemoteDescription')
  prototype.dispatchEvent = function (this: PeerConnection, event: Event): boolean {
    if (event.type !== 'icecandidate' || this.signalingState !== 'have-local-offer') {
      return dispatchEvent.call(this, event)
    }
    held.set(this, [...(held.get(this) ?? []), event])
    return true
  }
  prototype.setRemoteDescription = async function (this: PeerConnection, description): Promise<void> {
    await setRemoteDescription.call(this, description)
    const events = held.get(this) ?? []
    held.delete(this)
    for (const event of events) dispatchEvent.call(this, event)
  }
}

/** A method as it stands now, to be called on any object of its class. */
function unbound<Name extends 'dispatchEvent' | 'setRemoteDescription'>(
  prototype: PeerConnection,
  name: Name,
): PeerConnection[Name] {
  return prototype[name]
}
