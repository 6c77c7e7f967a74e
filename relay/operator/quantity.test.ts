import { expect, test } from 'vitest'
import { niceTop } from './chart.ts'
import { bytesText, millisecondsText, spanText } from './quantity.ts'

test('numbers as a person reads them', () => {
  expect([0, 999, 1_000, 104_857_600, 7.3e10].map(bytesText)).toEqual(['0 B', '999 B', '1 KB', '105 MB', '73 GB'])
  expect([0, 0.004, 2.345, 999, 1_500].map(millisecondsText)).toEqual([
    '0 ms',
    'under 0.01 ms',
    '2.35 ms',
    '999 ms',
    '1.5 s',
  ])
  expect([1_000, 61_000, 3_600_000, 5_400_000, 277_200_000].map(spanText)).toEqual([
    '1 second',
    '1 minute',
    '1 hour',
    '1 hour 30 minutes',
    '3 days 5 hours',
  ])
})

test('an axis ends at a round number that nothing goes over', () => {
  expect([0, 1, 3, 41, 1_278, 79_600_000_000].map(niceTop)).toEqual([2, 2, 3, 50, 2_000, 80_000_000_000])
})
