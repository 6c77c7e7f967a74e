/** WebRTC where its add-on loads; the other transports carry on without it. */

export async function loadWebRtc() {
  try {
    return (await import('@libp2p/webrtc')).webRTC
  } catch {
    return null
  }
}
