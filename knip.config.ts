import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'main/index.ts!',
    'main/engine-process.ts!',
    'main/headless.ts!',
    'main/storage/attachment-cipher/attachment-worker.ts!',
    'main/storage/attachment-cipher/hash-worker.ts!',
    'preload/index.ts!',
    'renderer/main.ts!',
    'renderer/testing/browser.ts',
    'scripts/*.ts',
    'main/testing/old-profiles.ts',
    'bench/*.ts',
    'fuzz/engine/worker.ts',
    'bench/empty-app/window.ts',
    'e2e/**/*.spec.ts',
    '**/*.test.ts',
    '**/*.cluster.ts',
  ],
  project: ['{main,preload,renderer,relay,shared,e2e,bench,fuzz,scripts}/**/*.{ts,vue}!'],
  ignoreDependencies: [
    // run by path, so that their Node is the one of package.json
    'node-gyp',
    'vue-tsc',
    // named in renderer/fonts/*.css, which is not read here
    '@fontsource-variable/inter',
    '@fontsource/noto-color-emoji',
  ],
  ignoreBinaries: ['Xvfb', 'etcd', 'ip', 'mount', 'turnserver', 'umount'],
  ignoreExportsUsedInFile: true,
}

export default config
