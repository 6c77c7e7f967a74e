import { describe, expect, test } from 'vitest'
import { fittingBounds, parseWindowState, serializeWindowState } from './window-bounds.ts'

const SCREEN = { x: 0, y: 0, width: 1_600, height: 1_000 }
const BOUNDS = { x: 100, y: 80, width: 900, height: 700 }

describe('where the window stood', () => {
  test('is remembered', () => {
    const state = { bounds: BOUNDS, maximized: true }
    expect(parseWindowState(serializeWindowState(state))).toEqual(state)
  })

  test('is unknown to a window that is remembered as maximized', () => {
    const state = { bounds: undefined, maximized: true }
    expect(parseWindowState(serializeWindowState(state))).toEqual(state)
  })

  test.each([
    '',
    'null',
    '{}',
    '[]',
    '{"bounds":{"x":1},"maximized":"yes"}',
    '{"bounds":{"x":0.5,"y":0,"width":1,"height":1},"maximized":1}',
  ])('is forgotten when the file says %s', (text) => {
    expect(parseWindowState(text)).toEqual({ bounds: undefined, maximized: false })
  })

  test('is taken again on the screen that is there', () => {
    expect(fittingBounds(BOUNDS, [SCREEN])).toEqual(BOUNDS)
  })

  test('is grown to the smallest window', () => {
    expect(fittingBounds({ ...BOUNDS, width: 10, height: 10 }, [SCREEN])).toMatchObject({ width: 480, height: 400 })
  })

  test.each([
    { ...BOUNDS, x: 1_550 },
    { ...BOUNDS, x: -850 },
    { ...BOUNDS, y: -20 },
    { ...BOUNDS, y: 990 },
  ])('is given up when it cannot be reached: %j', (bounds) => {
    expect(fittingBounds(bounds, [SCREEN])).toBeUndefined()
  })
})
