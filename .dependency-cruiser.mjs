/**
 * The layers of docs/architecture.md, made mechanical. Type imports count.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const TEST = '(\\.(test|cluster)\\.ts$|/testing/|/contract-tests/)'
const NODE = { dependencyTypes: ['core'] }
const LIBP2P = '^node_modules/(libp2p|@libp2p|@chainsafe/libp2p-[^/]+|@multiformats)/'

const layer = (name, comment, from, to, fromNot = undefined) => ({
  name,
  comment,
  severity: 'error',
  from: fromNot === undefined ? { path: from } : { path: from, pathNot: fromNot },
  to,
})

export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan',
      comment: 'A module that nothing uses and that uses nothing.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '\\.css$', '\\.test\\.ts$', '^[^/]+\\.config\\.(ts|mjs)$', '^\\.[^/]+\\.mjs$'],
      },
      to: {},
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-package',
      comment: 'Only what package.json names may be imported.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-package-in-product',
      severity: 'error',
      from: { path: '^(main|preload|renderer|relay|shared)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/electron/' },
    },
    {
      name: 'no-test-code-in-product',
      severity: 'error',
      from: { path: '^(main|preload|renderer|relay|shared)/', pathNot: [TEST, '^renderer/main\\.ts$'] },
      to: { path: TEST },
    },

    layer(
      'shared-is-pure',
      'shared/ runs everywhere: no Node, no other layer.',
      '^shared/',
      { path: '^(main|preload|renderer|relay|e2e|bench|fuzz|scripts)/' },
      TEST,
    ),
    layer('shared-sees-no-node', undefined, '^shared/', NODE, TEST),
    layer('renderer-sees-shared-only', undefined, '^renderer/', {
      path: '^(main|preload|relay|e2e|bench|fuzz|scripts)/',
    }),
    layer('renderer-sees-no-node', undefined, '^renderer/', NODE, TEST),
    layer('preload-sees-shared-only', undefined, '^preload/', {
      path: '^(main|renderer|relay|e2e|bench|fuzz|scripts)/',
    }),
    layer('main-sees-no-window', undefined, '^main/', { path: '^(preload|renderer|e2e|bench|fuzz|scripts)/' }),
    layer('main-sees-no-relay', 'Tests may run a real relay.', '^main/', { path: '^relay/' }, TEST),
    layer(
      'relay-stands-alone',
      'Never main: what a relay cannot see it cannot leak.',
      '^relay/',
      { path: '^(main|preload|renderer|e2e|bench|fuzz|scripts)/' },
      TEST,
    ),
    layer('relay-never-sees-sessions', undefined, '^relay/', { path: '^main/crypto/' }),

    layer('crypto-sees-crypto-and-shared', undefined, '^main/crypto/', {
      path: '^(main/(?!crypto/)|preload|renderer|relay|e2e|bench|fuzz|scripts)',
    }),
    layer(
      'crypto-sees-noble-and-libsodium',
      undefined,
      '^main/crypto/',
      { path: '^node_modules/(?!@noble/|libsodium)' },
      TEST,
    ),
    layer('crypto-meets-node-in-its-backend', undefined, '^main/crypto/', NODE, ['^main/crypto/backend', TEST]),
    layer(
      'domain-sees-shared-only',
      undefined,
      '^main/domain/',
      { path: '^(main/(?!domain/)|preload|renderer|relay|e2e|bench|fuzz|scripts|node_modules)' },
      TEST,
    ),
    layer('domain-sees-no-node', undefined, '^main/domain/', NODE, TEST),
    layer(
      'ports-see-shared-and-domain',
      undefined,
      '^main/ports/',
      { path: '^(main/(?!ports/|domain/)|preload|renderer|relay)' },
      TEST,
    ),
    layer(
      'services-see-ports',
      'Never an adapter.',
      '^main/(services|features)/',
      { path: '^main/(storage|net|ipc|electron)/' },
      TEST,
    ),
    layer(
      'services-see-no-composition',
      undefined,
      '^main/(services|features|domain|crypto|ports|storage|net|ipc)/',
      { path: '^main/[^/]+\\.ts$' },
      [TEST, '^main/[^/]+\\.ts$'],
    ),
    layer(
      'storage-sees-no-net',
      undefined,
      '^main/storage/',
      { path: '^main/(net|ipc|electron|services|features)/' },
      TEST,
    ),
    layer(
      'net-sees-no-storage',
      undefined,
      '^main/net/',
      { path: '^main/(storage|ipc|electron|services|features)/' },
      TEST,
    ),
    layer('ipc-sees-no-adapter', undefined, '^main/ipc/', { path: '^main/(storage|net|electron)/' }, TEST),
    layer(
      'shell-sees-shared-only',
      'The shell never touches the network, the ratchets or the database.',
      '^main/electron/',
      { path: '^(main/(?!electron/)|preload|renderer|relay|e2e|bench|fuzz|scripts)' },
    ),

    {
      name: 'feature-sees-another-through-shared',
      severity: 'error',
      from: { path: '^main/features/([^/]+)/' },
      to: { path: '^main/features/([^/]+)/', pathNot: '^main/features/$1/' },
    },
    {
      name: 'window-feature-sees-another-through-shared',
      severity: 'error',
      from: { path: '^renderer/features/([^/]+)/' },
      to: { path: '^renderer/features/([^/]+)/', pathNot: '^renderer/features/$1/' },
    },
    layer(
      'core-names-no-feature',
      'Core runs the list in main/features.ts.',
      '^main/',
      { path: '^main/features/[^/]+/' },
      ['^main/features/', '^main/features\\.ts$', TEST],
    ),

    layer(
      'electron-in-the-shell-only',
      undefined,
      '^(main|renderer|relay|shared|bench)/',
      { path: '(^node_modules/electron/|^electron$)' },
      ['^main/electron/', '^bench/empty-app/'],
    ),
    layer(
      'sqlite-in-storage-only',
      undefined,
      '^(main|preload|renderer|relay|shared)/',
      { path: '^node_modules/better-sqlite3' },
      ['^main/storage/', '^relay/storage', TEST],
    ),
    layer(
      'postgres-in-relay-storage-only',
      undefined,
      '^(main|preload|renderer|relay|shared)/',
      { path: '^node_modules/pg/' },
      ['^relay/storage/postgres-', TEST],
    ),
    layer('libp2p-in-net-and-relay-only', undefined, '^(main|preload|renderer|shared)/', { path: LIBP2P }, [
      '^main/net/',
      TEST,
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(out|dist|demo-out|bench-out|mutation-out|test-results|scripts/default-app)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    extraExtensionsToScan: ['.css'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.vue', '.mjs', '.js', '.json', '.css'],
    },
    combinedDependencies: false,
  },
}
