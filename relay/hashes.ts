import { hash } from 'node:crypto'
import type { EnvelopeId } from '../shared/model/ids.ts'
import { idFromBytes } from '../shared/model/ids.ts'

const ENVELOPE_ID_BYTES = 16

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

export function envelopeIdOf(envelope: Uint8Array): EnvelopeId {
  return idFromBytes<EnvelopeId>(sha256(envelope).subarray(0, ENVELOPE_ID_BYTES))
}
