import { expect, test } from 'vitest'
import { createMailSlot } from './mail-slot.ts'

test('what came before the listener is given to it at once, and once', () => {
  const slot = createMailSlot<string>()
  const heard: string[] = []
  slot.put('first')
  slot.put('second')
  slot.listen((value) => heard.push(value))
  slot.put('third')
  slot.listen((value) => heard.push(`new ${value}`))
  slot.put('fourth')
  expect(heard).toEqual(['second', 'third', 'new fourth'])
})

test('a listener that has ended hears nothing, and ends no later one', () => {
  const slot = createMailSlot<string>()
  const heard: string[] = []
  const endFirst = slot.listen((value) => heard.push(`first ${value}`))
  slot.listen((value) => heard.push(`second ${value}`))
  endFirst()
  slot.put('a')
  expect(heard).toEqual(['second a'])
})
