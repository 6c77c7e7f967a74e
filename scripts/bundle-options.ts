/**
 * What the bundles of the shell, the engine, the headless node and the relay leave outside.
 * Everything else is bundled (Electron 33's Node cannot import some CommonJS packages of libp2p by
 * name). A package with a native add-on finds its binary beside itself, so it stays where it is.
 */
export const EXTERNAL_PACKAGES: RegExp[] = [
  /^node:/,
  /^electron($|\/)/,
  /^better-sqlite3($|\/)/,
  /^node-datachannel($|\/)/,
  /^@chainsafe\/libp2p-quic($|\/)/,
  /^@node-rs\/argon2($|\/)/,
]
