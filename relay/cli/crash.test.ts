import { expect, test } from 'vitest'
import { crashPlaces } from './crash.ts'

test('a crash leaves places in the code and none of what the error said', () => {
  const secret = 'no answer from /ip4/192.0.2.1/tcp/4001\n    at 12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
  const places = crashPlaces(new Error(secret))
  expect(places.length).toBeGreaterThan(0)
  expect(places.every((place) => place.startsWith('at '))).toBe(true)
  expect(places.join('\n')).toContain('crash.test.ts')
  expect(places.join('\n')).not.toMatch(/192\.0\.2\.1|12D3Koo/)
  expect(crashPlaces('12D3KooW')).toEqual([])
})
