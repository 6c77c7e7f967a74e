import { describe, expect, it } from 'vitest'
import { clockTime, dayLabel, listTime } from './list-time.ts'

const at = (day: number, hour = 12, minute = 0, year = 2025): number => new Date(year, 10, day, hour, minute).getTime()
const NOW = at(22, 10, 44)
const inList = (atMs: number): string => listTime(atMs, NOW, 'en-GB', { yesterday: 'Yesterday' })

describe('a time in the list', () => {
  it('is the clock on the same day, however early', () => {
    expect(inList(at(22, 0, 0))).toBe('00:00')
    expect(inList(at(22, 10, 44))).toBe('10:44')
  })

  it('is Yesterday across midnight, even minutes ago', () => {
    expect(listTime(at(21, 23, 59), at(22, 0, 1), 'en-GB', { yesterday: 'Yesterday' })).toBe('Yesterday')
    expect(inList(at(21, 0, 0))).toBe('Yesterday')
  })

  it('is the weekday up to six days ago, then the date', () => {
    expect(inList(at(20))).toBe('Thursday')
    expect(inList(at(16, 0, 0))).toBe('Sunday')
    expect(inList(at(15, 23, 59))).toBe('15 Nov')
  })

  it('carries the year once it is another one', () => {
    expect(inList(at(14, 12, 0, 2024))).toBe('14 Nov 2024')
  })

  it('is the clock, not the past, when the author’s clock is ahead', () => {
    expect(inList(at(22, 10, 50))).toBe('10:50')
  })

  it('follows the person’s 12 or 24 hours', () => {
    expect(clockTime(at(22, 15, 5), 'en-GB')).toBe('15:05')
    expect(clockTime(at(22, 15, 5), 'en-US')).toMatch(/^0?3:05\sPM$/)
  })
})

describe('the chip of a day', () => {
  const texts = { today: 'Today', yesterday: 'Yesterday' }

  it('says Today, Yesterday, then the whole day', () => {
    expect(dayLabel(at(22, 0, 1), NOW, 'en-GB', texts)).toBe('Today')
    expect(dayLabel(at(21), NOW, 'en-GB', texts)).toBe('Yesterday')
    expect(dayLabel(at(17), NOW, 'en-GB', texts)).toBe('Monday 17 November')
  })

  it('adds the year to another year’s days', () => {
    expect(dayLabel(at(18, 12, 0, 2024), NOW, 'en-GB', texts)).toContain('2024')
  })
})
