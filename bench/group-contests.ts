/** Groups beside libsignal: a text under a sender key, and a new key for each of 1,023 others. */
import { equalBytes } from '../shared/wire/bytes.ts'
import {
  createGroup,
  createSenderChain,
  decodeDistribution,
  decryptGroupMessage,
  distributionOf,
  encodeDistribution,
  encodeReceiverChain,
  encodeSenderChain,
  encryptGroupMessage,
  openGroupHeader,
  receiverChain,
} from '../main/crypto/index.ts'
import type { Crypto } from '../main/crypto/index.ts'
import { makeParty } from '../main/crypto/testing/devices.ts'
import { LibsignalParty } from './libsignal-party.ts'
import type { Libsignal, StoreMode } from './libsignal-party.ts'
import { MODES, must, ourPair, rateOf, TEXT, theirPair } from './session-contests.ts'
import type { Contest } from './session-contests.ts'

const DISTRIBUTION_ID = '8f3a2c64-7d0b-4a5e-9c1f-2b6d8e4a7c10'
const NO_SKIPPED = { find: () => undefined }

/** A device of a group of which it is the only member: what its chains need. */
const ourSender = (c: Crypto) => {
  const { account, device } = makeParty(c).local
  const author = { account, deviceId: device.deviceId, signingSecret: device.signing.secretKey }
  const { group } = createGroup(c, author, [])
  const { groupId, heads, epochId } = group.history
  const owner = { groupId, ...group.self }
  const newChain = () => createSenderChain(c, owner)
  return {
    owner,
    epochId,
    newChain,
    distribution: (chain: ReturnType<typeof newChain>) => encodeDistribution(distributionOf(chain, groupId, heads)),
  }
}

/** A text under a sender key, sealed and opened, with a snapshot of both chains. */
export const senderKey = async (c: Crypto, library: Libsignal, count: number): Promise<Contest> => {
  const { owner, epochId, newChain, distribution } = ourSender(c)
  let sending = newChain()
  let receiving = receiverChain(c, decodeDistribution(distribution(sending)), owner)
  const theirs = await Promise.all(MODES.map((mode) => theirSenderKey(library, mode)))
  return {
    ours: () => {
      // A chain ends after 10,000 messages.
      sending = newChain()
      receiving = receiverChain(c, decodeDistribution(distribution(sending)), owner)
      return rateOf(count, () => {
        const sealed = encryptGroupMessage(c, sending, epochId, TEXT)
        sending = sealed.chain
        encodeSenderChain(sending)
        const header = openGroupHeader(c, receiving, sealed.message)
        if (header === null) throw new Error('wrong: a group header')
        const opened = decryptGroupMessage(c, receiving, sealed.message, header, NO_SKIPPED)
        receiving = opened.chain
        encodeReceiverChain(receiving)
        must(equalBytes(opened.content, TEXT), 'a group text')
      })
    },
    theirs: theirs.map(
      ([sender, receiver]) =>
        () =>
          rateOf(count, async () => {
            const sealed = await library.groupEncrypt(sender.address, DISTRIBUTION_ID, sender.senderKeys, TEXT)
            const opened = await library.groupDecrypt(sender.address, receiver.senderKeys, sealed.serialize())
            must(equalBytes(opened, TEXT), 'their group text')
          }),
    ),
  }
}

const theirSenderKey = async (
  library: Libsignal,
  mode: StoreMode,
): Promise<readonly [LibsignalParty, LibsignalParty]> => {
  const [sender, receiver] = [new LibsignalParty(library, 'alice', mode), new LibsignalParty(library, 'bobby', mode)]
  const { SenderKeyDistributionMessage } = library
  const made = await SenderKeyDistributionMessage.create(sender.address, DISTRIBUTION_ID, sender.senderKeys)
  const taken = SenderKeyDistributionMessage.deserialize(made.serialize())
  await library.processSenderKeyDistributionMessage(sender.address, taken, receiver.senderKeys)
  return [sender, receiver]
}

/** A fresh chain, and its distribution sealed in the session with each other member. */
export const rotation = async (c: Crypto, library: Libsignal, members: number): Promise<Contest> => {
  const ours = Array.from({ length: members - 1 }, () => ourPair(c))
  const { newChain, distribution } = ourSender(c)
  const theirs = await Promise.all(
    MODES.map(async (mode) => {
      const pairs: (readonly [LibsignalParty, LibsignalParty])[] = []
      for (let member = 1; member < members; member += 1) pairs.push(await theirPair(library, mode))
      return pairs
    }),
  )
  return {
    ours: () =>
      rateOf(1, () => {
        const content = distribution(newChain())
        const sealed = ours.map(([own]) => own.seal(content))
        const [[, peer] = []] = ours
        const [first] = sealed
        must(peer !== undefined && first !== undefined && equalBytes(peer.open(first).plaintext, content), 'a new key')
      }),
    theirs: theirs.map(
      (pairs) => () =>
        rateOf(1, async () => {
          const [[sender] = []] = pairs
          if (sender === undefined) throw new Error('a member')
          const made = await library.SenderKeyDistributionMessage.create(
            sender.address,
            crypto.randomUUID(),
            sender.senderKeys,
          )
          const content = made.serialize()
          for (const [own, peer] of pairs) must((await own.seal(peer, content)).bytes.length > content.length, 'theirs')
        }),
    ),
  }
}
