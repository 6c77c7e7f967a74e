import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'main/index.ts!',
    'main/engine-process.ts!',
    'main/headless.ts!',
    'preload/index.ts!',
    'renderer/main.ts!',
    'scripts/*.ts',
    'bench/*.ts',
    'e2e/**/*.spec.ts',
    '**/*.test.ts',
  ],
  project: ['{main,preload,renderer,relay,shared,e2e,bench,scripts}/**/*.{ts,vue}!'],
  // run by path, so that their Node is the one of package.json
  ignoreDependencies: ['node-gyp', 'vue-tsc'],
  ignoreBinaries: ['Xvfb'],
  ignoreExportsUsedInFile: true,
}

export default config
