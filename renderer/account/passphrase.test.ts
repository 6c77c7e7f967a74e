import { describe, expect, it } from 'vitest'
import { passphraseProblem, passphraseStrength } from './passphrase.ts'

describe('passphraseProblem', () => {
  it('asks for a passphrase before it counts characters', () => {
    expect(passphraseProblem('', '')).toBe('empty')
    expect(passphraseProblem('seven77', 'seven77')).toBe('too-short')
  })

  it('takes eight characters', () => {
    expect(passphraseProblem('eight888', 'eight888')).toBeNull()
  })

  it('counts the upper limit in bytes, as the engine does', () => {
    expect(passphraseProblem('ä'.repeat(513), 'ä'.repeat(513))).toBe('too-long')
    expect(passphraseProblem('ä'.repeat(512), 'ä'.repeat(512))).toBeNull()
  })

  it('names a repetition that differs, down to the case', () => {
    expect(passphraseProblem('Harbour lights', 'harbour lights')).toBe('different')
  })
})

describe('passphraseStrength', () => {
  it.each(['password', 'aaaaaaaaaaaaaaaaaaaa', '123456789012', 'abcdefghijkl', 'two words'])(
    'calls %j weak',
    (text) => {
      expect(passphraseStrength(text)).toBe('weak')
    },
  )

  it.each(['harbour lantern copper nine', 'q7!mV2#xzK'])('calls %j at least fair', (text) => {
    expect(passphraseStrength(text)).not.toBe('weak')
  })

  it('calls six unrelated words strong, and the same word six times not', () => {
    expect(passphraseStrength('harbour lantern copper violin meadow thunder')).toBe('strong')
    expect(passphraseStrength('harbour harbour harbour harbour harbour harbour')).toBe('weak')
  })
})
