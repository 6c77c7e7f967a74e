import { describe, expect, it } from 'vitest'
import { readPastedText } from './pasted-text.ts'

const LINK = `parley://invite#${'A'.repeat(120)}`

describe('readPastedText', () => {
  it('finds the invite inside a message', () => {
    expect(readPastedText(`Hi Robin, open this: ${LINK}`)).toEqual({ kind: 'invite', link: LINK })
  })

  it('takes the scheme in any case, as some phones capitalise it', () => {
    expect(readPastedText('Parley://Invite#abc')).toMatchObject({ kind: 'invite' })
  })

  it.each(['parley://inv', 'parley://invite', 'ley://invite#AAAA', 'invite#AAAA', 'B'.repeat(60)])(
    'says of %j that a part is missing',
    (text) => {
      expect(readPastedText(text)).toEqual({ kind: 'part' })
    },
  )

  it.each(['/ip4/192.0.2.7/tcp/4100/p2p/12D3KooW', '/dns4/relay.example.org/tcp/443/wss', 'parley://relay#abc'])(
    'recognises the relay address %j',
    (text) => {
      expect(readPastedText(text)).toEqual({ kind: 'relay-address' })
    },
  )

  it.each(['hello', 'https://example.org/', 'robin@example.org'])('takes %j for no invite', (text) => {
    expect(readPastedText(text)).toEqual({ kind: 'other' })
  })

  it('tells an empty field from a wrong one', () => {
    expect(readPastedText(' \n')).toEqual({ kind: 'empty' })
  })
})
