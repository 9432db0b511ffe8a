import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from './protocol-error.ts'
import { parseQuery } from './query-params.ts'

const entries = (text: string) => Object.fromEntries(parseQuery(text))

test('of several values of one parameter the last one counts', () => {
  expect(entries('table=a&offset=-1&table=b')).toEqual({ table: 'b', offset: '-1' })
  expect(entries('where=1&where=')).toEqual({ where: '' })
  expect(entries('subset=x&subset[where]=y')).toEqual({ subset: new Map([['where', 'y']]) })
  expect(entries('subset[where]=y&subset=x')).toEqual({ subset: 'x' })
})

test('brackets make maps', () => {
  const params = parseQuery('params[1]=a&params%5B2%5D=b&subset[params][1]=c&live')
  expect(params.get('params')).toEqual(
    new Map([
      ['1', 'a'],
      ['2', 'b'],
    ]),
  )
  expect(params.get('subset')).toEqual(new Map([['params', new Map([['1', 'c']])]]))
  expect(params.get('live')).toBe('')
})

test('nothing is lost on the way, whatever the text', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[^[\]]+$/), fc.string({ unit: 'grapheme' })), (values) => {
      expect(entries(String(new URLSearchParams(values)))).toEqual({ ...values })
    }),
  )
})

test('what is no UTF-8 is refused and not guessed', () => {
  for (const text of ['a=%', 'a=%zz', 'a=%F0%28', '%ff=1'])
    expect(() => parseQuery(text)).toThrow(ProtocolError)
})
