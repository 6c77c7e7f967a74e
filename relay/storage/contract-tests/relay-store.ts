/** What every engine of a relay's store has to do. Each test gets a new, empty store. */

import { describe } from 'vitest'
import { directoryTests } from './directory-tests.ts'
import { doorTests } from './door-tests.ts'
import { envelopeTests } from './envelope-tests.ts'
import { blobTests } from './blob-tests.ts'
import type { StoreFactory } from './store-factory.ts'

export function relayStoreContract(name: string, factory: StoreFactory): void {
  describe(`${name} as a relay's store`, () => {
    describe('with envelopes', () => {
      envelopeTests(factory)
    })
    describe('with prekeys and invites', () => {
      directoryTests(factory)
    })
    describe('with front doors', () => {
      doorTests(factory)
    })
    describe('with attachments', () => {
      blobTests(factory)
    })
  })
}
