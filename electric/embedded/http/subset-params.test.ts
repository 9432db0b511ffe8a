import { expect, test } from 'vitest'
import { ProtocolError } from './protocol-error.ts'
import { parseQuery } from './query-params.ts'
import { castSubset, subsetOfBody, subsetOfQuery } from './subset-params.ts'

const NOTHING = { where: null, params: {}, orderBy: null, limit: null, offset: null }

const ofQuery = (text: string) => {
  const subset = subsetOfQuery(parseQuery(text))
  return subset && castSubset(subset)
}

const ofBody = (body: Record<string, unknown>) => {
  const subset = subsetOfBody(body)
  return subset && castSubset(subset)
}

test('a query that names no subset has none', () => {
  for (const text of ['', 'table=t&where=x&limit=1', 'subset=', 'subset_where=x'])
    expect(ofQuery(text)).toBeNull()
  for (const text of ['subset__where=', 'subset__unknown=1', 'subset[x]=1'])
    expect(ofQuery(text)).toEqual(NOTHING)
  expect(() => ofQuery('subset=x')).toThrow(ProtocolError)
})

test('both ways to write it mean the same', () => {
  const expected = { where: 'a = $1', params: { 1: 'x' }, orderBy: 'a', limit: 5, offset: 0 }
  const flat = 'subset__where=a = $1&subset__order_by=a&subset__limit=5&subset__offset=0'
  const nested = 'subset[where]=a = $1&subset[order_by]=a&subset[limit]=5&subset[offset]=0'
  expect(ofQuery(`${flat}&subset__params={"1":"x"}`)).toEqual(expected)
  expect(ofQuery(`${flat}&subset__params[1]=x`)).toEqual(expected)
  expect(ofQuery(`${nested}&subset[params][1]=x`)).toEqual(expected)
  expect(ofQuery(`${nested}&subset[params]={"1":"x"}`)).toEqual(expected)
})

test('parameters become text', () => {
  const params = { 1: 'x', 2: 2, 3: 0.5, 4: true, 5: null }
  const expected = { 1: 'x', 2: '2', 3: '0.5', 4: 'true', 5: '' }
  expect(ofBody({ params })).toMatchObject({ params: expected })
  expect(ofQuery(`subset__params=${JSON.stringify(params)}`)).toMatchObject({ params: expected })
})

test('of a body only what belongs to a subset is taken', () => {
  expect(ofBody({})).toBeNull()
  expect(ofBody({ table: 'x', columns: ['a'], subset: 'x', __proto__: { where: 'x' } })).toBeNull()
  expect(subsetOfBody({ table: 'x', where: 'a', subset: { limit: 1, handle: 'y' } })).toEqual(
    new Map<string, unknown>([
      ['where', 'a'],
      ['limit', 1],
    ]),
  )
  expect(ofBody({ subset: {} })).toEqual(NOTHING)
})

test('all that is wrong is said at once', () => {
  const cases: [Record<string, unknown>, unknown][] = [
    [{ limit: 'a', offset: {}, where: 1, order_by: [] }, ['limit', 'offset', 'order_by', 'where']],
    [{ limit: 1.5 }, ['limit']],
    [{ limit: '9'.repeat(20) }, ['limit']],
    [{ params: [] }, ['params']],
    [{ params: { 1: {} } }, ['params']],
    [{ params: { 1: 2 ** 60 } }, ['params']],
  ]
  for (const [body, expected] of cases) {
    try {
      ofBody(body)
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      const { errors } = error.body as { errors: { subset: object } } // as castSubset makes it
      expect(Object.keys(errors.subset).sort(), JSON.stringify(body)).toEqual(expected)
    }
  }
})
