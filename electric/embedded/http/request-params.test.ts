import { expect, test } from 'vitest'
import { ProtocolError } from './protocol-error.ts'
import { parseQuery } from './query-params.ts'
import { parseDeletion, parseShapeRequest } from './request-params.ts'

function errorsOf(query: string): unknown {
  try {
    parseShapeRequest(parseQuery(query))
  } catch (error) {
    if (error instanceof ProtocolError) return (error.body as { errors: unknown }).errors
    throw error
  }
  return null
}

test('the first step that fails names its parameter', () => {
  const cases: [string, unknown][] = [
    ['', { offset: ["can't be blank"] }],
    ['table=items&offset=', { offset: ["can't be blank"] }],
    ['table=items&offset=abc', { offset: ['has invalid format'] }],
    ['table=items&offset=0_0', { handle: ["can't be blank when offset != -1"] }],
    ['table=items&offset=-1&live', { live: ["can't be true when offset == -1"] }],
    ['table=items&offset=now&live=true', { live: ["can't be true when offset is 'now'"] }],
    [
      'table=items&offset=0_0&handle=x&live_sse=true',
      { live_sse: ["can't be true unless live is also true"] },
    ],
    ['offset=-1', { table: ["can't be blank"] }],
    ['offset=-1&table=', { table: ["can't be blank"] }],
    ['offset=abc&table=a.b.c', { offset: ['has invalid format'] }],
    ['offset=-1&table=a.b.c', { table: ['Invalid relation identifier, too many delimiters: a.b.c'] }],
    ['params[a]=1&offset=-1&table=t', { params: ['Parameters can only use numbers as keys'] }],
    [
      'params[2]=1&offset=-1&table=t',
      { params: ['Parameters must be numbered sequentially, starting from 1'] },
    ],
  ]
  for (const [query, errors] of cases) expect(errorsOf(query), query).toEqual(errors)
})

test('all values of a wrong type are reported together', () => {
  expect(errorsOf('replica=some&log=half&columns=a@b')).toEqual({
    replica: ['is invalid'],
    log: ['is invalid'],
    columns: ['Invalid unquoted identifier contains special characters: a@b'],
  })
})

test('an empty value counts as not given, any value of live but false as true', () => {
  const parse = (query: string) => parseShapeRequest(parseQuery(query))
  const plain = parse('table=t&offset=-1&where=&columns=&replica=&log=')
  expect(plain).toMatchObject({ where: null, columns: null, replica: 'default', log: 'full', isLive: false })
  for (const live of ['live', 'live=', 'live=1', 'live=true']) {
    expect(parse(`table=t&offset=0_0&handle=h&${live}`).isLive).toBe(true)
  }
  expect(parse('table=t&offset=0_0&handle=h&live=false').isLive).toBe(false)
})

test('a handle is dropped when reading from scratch', () => {
  expect(parseShapeRequest(parseQuery('table=t&offset=-1&handle=old')).handle).toBeNull()
})

test('brackets where none belong are refused with all that is wrong', () => {
  expect(errorsOf('table[]=t&offset[x]=-1&where[a]=b&params=x&handle[]=h')).toEqual({
    table: ['is invalid'],
    offset: ['is invalid'],
    where: ['is invalid'],
    params: ['is invalid'],
    handle: ['is invalid'],
  })
  expect(errorsOf('table=t&offset=-1&params[1][x]=y')).toEqual({ params: ['is invalid'] })
})

test('the newer name of server-sent events decides, and either needs live', () => {
  const isSse = (query: string) =>
    parseShapeRequest(parseQuery(`table=t&offset=0_0&handle=h&live&${query}`)).isSse
  expect(isSse('experimental_live_sse')).toBe(true)
  expect(isSse('experimental_live_sse&live_sse=false')).toBe(false)
  expect(isSse('experimental_live_sse=false&live_sse')).toBe(true)
  expect(isSse('')).toBe(false)
  expect(errorsOf('table=t&offset=0_0&handle=h&experimental_live_sse=true')).toHaveProperty('live_sse')
})

test('a shape to end is named without a position', () => {
  const named = (query: string) => parseDeletion(parseQuery(query))
  expect(named('handle=h')).toEqual({ definition: null, handle: 'h' })
  expect(named('table=t&where=x&offset=z')).toMatchObject({
    definition: { table: { schema: 'public', name: 't' }, where: 'x' },
    handle: null,
  })
  expect(() => named('where=x')).toThrow(ProtocolError)
})
