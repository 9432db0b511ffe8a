import { expect, test } from 'vitest'
import { hueOf, initials } from './identity.ts'

test('initials are those of the first and the last word', () => {
  expect(initials('Ada Lovelace')).toBe('AL')
  expect(initials('  grace  brewster murray hopper ')).toBe('GH')
  expect(initials('Plato')).toBe('P')
})

test('initials survive letters outside the basic plane and empty names', () => {
  expect(initials('𝒜da 𝒵')).toBe('𝒜𝒵')
  expect(initials('   ')).toBe('?')
})

test('a hue is the same every time and lies on the wheel', () => {
  const id = '0190f5a4-7b1c-7c3e-9d2f-aaaaaaaaaaaa'
  expect(hueOf(id)).toBe(hueOf(id))
  for (const each of ['', 'a', id]) expect(hueOf(each)).toBeOneOf([...Array(18).keys()].map((n) => n * 20))
})
