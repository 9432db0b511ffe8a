import { expect, test } from 'vitest'
import { statementName } from './statement-names.ts'

test('a text has one name, another text another, a long one none', () => {
  const name = statementName('select 1')
  expect(name).toBeDefined()
  expect(statementName('select 1')).toBe(name)
  expect(statementName('select 2')).not.toBe(name)
  expect(statementName(`select '${'x'.repeat(4_000)}'`)).toBeUndefined()
})

test('however many texts there are, the names are few, and who has one keeps it', () => {
  const first = statementName('select 1')
  const given = Array.from({ length: 1_000 }, (_, i) => statementName(`select ${i}`))
  expect(given.filter(Boolean).length).toBeLessThanOrEqual(300)
  expect(statementName('select 1')).toBe(first)
})
