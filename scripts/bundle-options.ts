/**
 * What the bundles of the shell, the engine, the headless node and the relay have in common.
 * Everything is bundled (Electron 33's Node cannot import some CommonJS packages of libp2p by
 * name), except packages with a native add-on, which find their binary beside themselves.
 */
export const NATIVE_PACKAGES: readonly RegExp[] = [
  /^electron($|\/)/,
  /^better-sqlite3($|\/)/,
  /^node-datachannel($|\/)/,
  /^@ipshipyard\/node-datachannel($|\/)/,
  /^@chainsafe\/libp2p-quic($|\/)/,
  /^@node-rs\/argon2($|\/)/,
]

export const isExternal = (id: string): boolean =>
  id.startsWith('node:') || NATIVE_PACKAGES.some((pattern) => pattern.test(id))
