import { expect, it } from 'vitest'
import { initials } from './initials.ts'

it.each([
  ['Mira', 'M'],
  ['Mira Solberg', 'MS'],
  ['Ana Maria de la Cruz', 'AC'],
  ['  mira  ', 'M'],
  ['👩‍🌾 Rosa', '👩‍🌾R'],
  ['Émile', 'É'],
  ['राम', 'रा'],
  ['', ''],
])('takes the initials of “%s” by what a person sees as letters: %s', (name, expected) => {
  expect(initials(name)).toBe(expected)
})
