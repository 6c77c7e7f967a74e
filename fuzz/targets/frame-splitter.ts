import { ByteWriter, equalBytes } from '../../shared/wire/bytes.ts'
import { FrameSplitter } from '../../shared/wire/framed-stream.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, utf8 } from '../samples.ts'

interface Stream {
  readonly frames: readonly Uint8Array[]
  readonly rest: readonly Uint8Array[]
}

function split(input: Uint8Array, chunkBytes: number): Stream {
  const splitter = new FrameSplitter()
  const frames: Uint8Array[] = []
  for (let at = 0; at < input.length; at += chunkBytes) {
    frames.push(...splitter.push(input.slice(at, at + chunkBytes)))
  }
  return { frames, rest: splitter.rest() }
}

function written({ frames, rest }: Stream): Uint8Array {
  const writer = new ByteWriter()
  for (const frame of frames) writer.bytes32(frame)
  for (const piece of rest) writer.raw(piece)
  return writer.finish()
}

/** A stream of frames, however it was cut on its way. */
export const frameSplitter = fuzzTarget({
  name: 'frame-splitter',
  refuses: ['malformed'],
  hints: { maxBytes: 4_096 },
  prepare: () => ({
    samples: {
      frames: new ByteWriter().bytes32(utf8('one')).bytes32(filled(200, 2)).bytes32(utf8('3')).finish(),
      unfinished: new ByteWriter().bytes32(utf8('one')).u32(262_144).raw(utf8('begun')).finish(),
    },
    decode: (input) => {
      const whole = split(input, Math.max(1, input.length))
      for (const chunkBytes of [1, 7, 100]) {
        if (!equalBytes(written(split(input, chunkBytes)), written(whole))) {
          throw new Error(`in chunks of ${chunkBytes} it is another stream`)
        }
      }
      return whole
    },
    encode: written,
  }),
})
