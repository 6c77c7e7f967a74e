/** QUIC where its add-on loads; TCP and WebSocket carry on without it. */

export async function loadQuic() {
  try {
    return (await import('@chainsafe/libp2p-quic')).quic
  } catch {
    return null
  }
}
