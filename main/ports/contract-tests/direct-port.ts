/** What direct delivery must do, whatever carries it. Run for each transport of the real adapter. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DirectLink, DirectPort, DirectSettings } from '../direct.ts'
import type { DirectTransport } from '../../../shared/model/chat.ts'
import { isParleyError } from '../../../shared/errors.ts'
import type { BlobId } from '../../../shared/model/ids.ts'
import { idFromBytes, idToBytes } from '../../../shared/model/ids.ts'
import { acquaint, TestDevice } from './direct-device.ts'

export interface DirectPortUnderTest {
  readonly transport: DirectTransport
  readonly settings: DirectSettings
  makePort(): DirectPort
  /** Relays for transports that need one; torn down by the caller. */
  readonly relays?: () => readonly { readonly addresses: readonly string[] }[]
}

const CAPABILITY = new Uint8Array(32).fill(7)
const BLOB_ID = idFromBytes<BlobId>(new Uint8Array(16).fill(9))

export function directPortContract(subject: DirectPortUnderTest): void {
  describe(`the direct port contract over ${subject.transport}`, () => {
    let alice: TestDevice
    let bob: TestDevice
    let devices: TestDevice[]

    const device = async (name: string): Promise<TestDevice> => {
      const made = new TestDevice(subject.makePort(), name)
      devices.push(made)
      await made.start(subject.settings)
      if (subject.relays !== undefined) {
        await made.port.useCircuits(subject.relays())
        await made.until(() => made.port.addresses().some((address) => address.includes('/p2p-circuit')), 'a circuit')
      }
      return made
    }

    beforeEach(async () => {
      devices = []
      alice = await device('alice')
      bob = await device('bob')
      acquaint(alice, bob)
    })
    afterEach(async () => {
      await Promise.all(devices.map((made) => made.port.stop()))
    })
    const suite: Suite = { subject, device, alice: () => alice, bob: () => bob }
    messages(suite)
    admission(suite)
    convergence(suite)
    blobs(suite)
    endings(suite)
  })
}

interface Suite {
  readonly subject: DirectPortUnderTest
  readonly device: (name: string) => Promise<TestDevice>
  readonly alice: () => TestDevice
  readonly bob: () => TestDevice
}

/** Distinct, and recognisable at the other end. */
function envelope(number: number, sizeBytes = 1_024): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(number & 0xff)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

function numberOf(bytes: Uint8Array | undefined): number | null {
  return bytes === undefined ? null : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

function messages({ subject, alice, bob }: Suite): void {
  test('envelopes go both ways, are answered after the commit, and went over the transport that was asked for', async () => {
    const link = await alice().connect(bob())
    await bob().until(() => bob().linkTo(alice()) !== null, 'a link')
    const back = bob().linkTo(alice())
    expect(link.peerKey).toEqual(bob().peerKey)
    expect(back?.peerKey).toEqual(alice().peerKey)
    expect([link.transport, back?.transport]).toEqual([subject.transport, subject.transport])
    expect(await link.send(envelope(1, 200_000))).toBe('committed')
    expect(await back?.send(envelope(2))).toBe('committed')
    expect(bob().received).toEqual([envelope(1, 200_000)])
    expect(alice().received).toEqual([envelope(2)])
  })

  test('an envelope that is refused says so', async () => {
    bob().store = () => Promise.resolve('refused')
    const link = await alice().connect(bob())
    expect(await link.send(envelope(1))).toBe('refused')
  })

  test('no answer leaves before the commit, and answers find their envelope in any order', async () => {
    const commits: (() => void)[] = []
    bob().store = () =>
      new Promise((resolve) =>
        commits.push(() => {
          resolve('committed')
        }),
      )
    const link = await alice().connect(bob())
    const settled: number[] = []
    const sends = [1, 2].map(async (number) => {
      await link.send(envelope(number))
      settled.push(number)
    })
    await bob().until(() => commits.length === 2, 'both envelopes')
    expect(settled).toEqual([])
    commits[1]?.()
    await sends[1]
    expect(settled).toEqual([2])
    commits[0]?.()
    await Promise.all(sends)
    expect(settled).toEqual([2, 1])
  })

  test('at most 256 envelopes are without an answer; the rest follows in order', async () => {
    const commits: (() => void)[] = []
    bob().store = () =>
      new Promise((resolve) =>
        commits.push(() => {
          resolve('committed')
        }),
      )
    const link = await alice().connect(bob())
    const sends = Array.from({ length: 300 }, (_, number) => link.send(envelope(number)))
    await bob().until(() => commits.length === 256, '256 envelopes')
    bob().store = () => Promise.resolve('committed')
    // whatever had been sent beyond the window would arrive before this
    link.sendEphemeral(envelope(9_999))
    await bob().until(() => bob().ephemeral.length === 1, 'what passes waiting envelopes')
    expect(bob().received).toHaveLength(256)
    for (const commit of commits) commit()
    expect(new Set(await Promise.all(sends))).toEqual(new Set(['committed']))
    expect(bob().received.map(numberOf)).toEqual(Array.from({ length: 300 }, (_, number) => number))
  })

  test('the same envelope sent twice at once travels once', async () => {
    const link = await alice().connect(bob())
    await Promise.all([link.send(envelope(1)), link.send(envelope(1))])
    expect(bob().received).toHaveLength(1)
  })

  test('ephemeral content arrives and is not answered', async () => {
    const link = await alice().connect(bob())
    link.sendEphemeral(envelope(5, 64))
    await bob().until(() => bob().ephemeral.length === 1, 'an ephemeral envelope')
    expect(bob().received).toEqual([])
  })

  test('an envelope beyond the limit is refused here and the link lives on', async () => {
    const link = await alice().connect(bob())
    await expect(link.send(envelope(1, 200_001))).rejects.toSatisfy((error) => isParleyError(error, 'too-large'))
    expect(await link.send(envelope(2))).toBe('committed')
  })
}

function admission({ subject, device, alice, bob }: Suite): void {
  test('a device that is no contact gets no link', async () => {
    const mallory = await device('mallory')
    mallory.allow(bob())
    await expect(mallory.connect(bob())).rejects.toSatisfy((error) => isParleyError(error))
    expect(bob().links).toEqual([])
    expect(mallory.links).toEqual([])
  })

  // a circuit's address names the relay, and the relay finds the device
  test.skipIf(subject.relays !== undefined)(
    'who answers at an address with another key is not taken for the contact',
    async () => {
      const mallory = await device('mallory')
      mallory.allow(alice())
      const wrong = alice().port.connect(bob().peerKey, mallory.port.addresses(), AbortSignal.timeout(10_000))
      await expect(wrong).rejects.toSatisfy((error) => isParleyError(error))
      expect(alice().links).toEqual([])
    },
  )

  test('an address at which nobody listens is unreachable', async () => {
    const addresses = bob().port.addresses()
    await bob().port.stop()
    const dead = alice().port.connect(bob().peerKey, addresses, AbortSignal.timeout(2_000))
    await expect(dead).rejects.toSatisfy(
      (error) => isParleyError(error, 'unreachable') || isParleyError(error, 'timeout'),
    )
  })
}

function convergence({ alice, bob }: Suite): void {
  test('both dial at once: one link is left, the same on both sides, and nothing is lost', async () => {
    await Promise.all([alice().connect(bob()), bob().connect(alice())])
    // on the link that stands at this moment: the second may come up, and replace it, before the answers are back
    const answers = Promise.all([alice().linkTo(bob())?.send(envelope(1)), bob().linkTo(alice())?.send(envelope(2))])
    const open = (of: TestDevice): readonly DirectLink[] => of.links.filter((link) => !link.closed)
    await alice().until(() => open(alice()).length === 1, 'one link')
    await bob().until(() => open(bob()).length === 1, 'one link')
    expect(await answers).toEqual(['committed', 'committed'])
    expect(await alice().linkTo(bob())?.send(envelope(3))).toBe('committed')
    expect(await bob().linkTo(alice())?.send(envelope(4))).toBe('committed')
    expect(bob().received).toContainEqual(envelope(1))
    expect(alice().received).toContainEqual(envelope(2))
    expect([alice().closedLinks.length, bob().closedLinks.length]).toEqual([
      alice().links.length - 1,
      bob().links.length - 1,
    ])
  })

  test('an open link is returned at once', async () => {
    const link = await alice().connect(bob())
    expect(await alice().connect(bob())).toBe(link)
    await bob().until(() => bob().links.length === 1, 'a link')
    expect(await bob().connect(alice())).toBe(bob().links[0])
    expect(alice().links).toHaveLength(1)
  })
}

function blobs({ alice, bob }: Suite): void {
  const blob = Uint8Array.from({ length: 5 * 1024 * 1024 + 17 }, (_, at) => (at * 31 + (at >> 8)) & 0xff)
  const request = (offset: number) => ({ blobId: BLOB_ID, readCapability: CAPABILITY, offset })
  const linkWithBlob = async (): Promise<DirectLink> => {
    bob().blobs.set(`${BLOB_ID} ${Buffer.from(CAPABILITY).toString('base64url')}`, blob)
    return alice().connect(bob())
  }

  test('a blob of 5 MB is stopped in the middle and resumed from there, every byte once', async () => {
    const link = await linkWithBlob()
    const received: Uint8Array[] = []
    let doneBytes = 0
    const abort = new AbortController()
    const first = await link.getBlob(request(0), abort.signal)
    expect(first?.totalBytes).toBe(blob.length)
    const stopped = async (): Promise<void> => {
      for await (const chunk of first?.chunks ?? []) {
        received.push(chunk)
        doneBytes += chunk.length
        if (doneBytes > 1_000_000) abort.abort()
      }
    }
    await expect(stopped()).rejects.toSatisfy((error) => isParleyError(error, 'cancelled'))
    expect(doneBytes).toBeLessThan(blob.length)
    const second = await link.getBlob(request(doneBytes), new AbortController().signal)
    for await (const chunk of second?.chunks ?? []) received.push(chunk)
    expect(Buffer.concat(received).equals(blob)).toBe(true)
    expect(await link.send(envelope(1))).toBe('committed')
  })

  test('a reader that does not take holds the sender back', async () => {
    const link = await linkWithBlob()
    const download = await link.getBlob(request(0), new AbortController().signal)
    const chunks = download?.chunks[Symbol.asyncIterator]()
    await chunks?.next()
    await bob().until(() => bob().blobBytesRead >= 1_000_000, 'the first window')
    // the envelope's answer comes after whatever the sender would have read by then
    for (let round = 0; round < 20; round += 1) await link.send(envelope(round))
    expect(bob().blobBytesRead).toBeLessThan(3 * 1024 * 1024)
    await chunks?.return?.()
  })

  test('another blob, or another reader, is not there', async () => {
    const link = await linkWithBlob()
    const signal = new AbortController().signal
    expect(await link.getBlob({ ...request(0), readCapability: new Uint8Array(32) }, signal)).toBeNull()
    const other = idFromBytes<BlobId>(idToBytes(BLOB_ID).map((byte) => byte ^ 1))
    expect(await link.getBlob({ ...request(0), blobId: other }, signal)).toBeNull()
  })
}

function endings({ alice, bob }: Suite): void {
  test('a closed link is closed on both sides and what was not answered is told', async () => {
    bob().store = () => new Promise(() => undefined)
    const link = await alice().connect(bob())
    await bob().until(() => bob().links.length === 1, 'a link')
    const send = link.send(envelope(1))
    await bob().until(() => bob().received.length === 1, 'the envelope')
    const back = bob().links[0]
    const closing = link.close()
    expect(link.closed).toBe(true)
    await expect(link.send(envelope(2))).rejects.toSatisfy((error) => isParleyError(error, 'unreachable'))
    await expect(send).rejects.toSatisfy((error) => isParleyError(error, 'unreachable'))
    await closing
    await bob().until(() => bob().closedLinks.length === 1, 'the end')
    expect(back?.closed).toBe(true)
    expect(alice().closedLinks).toEqual([link])
  })

  test('after a stop the other side notices, and a new start is reachable again', async () => {
    const link = await alice().connect(bob())
    await alice().port.stop()
    expect(link.closed).toBe(true)
    await bob().until(() => bob().closedLinks.length === 1, 'the end')
  })
}
