import { expect, test } from 'vitest'
import { OpenStreams } from './open-streams.ts'

class Stream {
  drained = 0
  ran = 0
  turnedAway = 0
  finish: () => void = () => undefined

  run(): Promise<void> {
    this.ran += 1
    return new Promise((resolve) => {
      this.finish = resolve
    })
  }

  drain(): Promise<void> {
    this.drained += 1
    this.finish()
    return Promise.resolve()
  }

  turnAway(): void {
    this.turnedAway += 1
  }
}

test('those that are open are drained, and who comes after is turned away and never served', async () => {
  const streams = new OpenStreams()
  const [left, open, late] = [new Stream(), new Stream(), new Stream()]
  streams.serve(left)
  streams.serve(open)
  left.finish()
  await Promise.resolve()
  await Promise.resolve()
  expect(streams.count).toBe(1)
  await streams.drain()
  streams.serve(late)
  expect([left.drained, open.drained, late.drained]).toEqual([0, 1, 0])
  expect([left.turnedAway, open.turnedAway, late.turnedAway]).toEqual([0, 0, 1])
  expect([left.ran, open.ran, late.ran]).toEqual([1, 1, 0])
})
