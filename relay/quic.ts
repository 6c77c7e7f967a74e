/** QUIC where its add-on loads. */

/** Null where it does not: TCP and WebSocket carry on. */
export async function loadQuic() {
  try {
    return (await import('@chainsafe/libp2p-quic')).quic
  } catch {
    return null
  }
}
