import { expect, test } from 'vitest'
import { PgoutputParser } from './pgoutput.ts'

const text = (value: string) => Buffer.concat([Buffer.from(value), Buffer.of(0)])
const uint16 = (value: number) => Buffer.of(value >> 8, value & 0xff)
const uint32 = (value: number) =>
  Buffer.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
const tuple = (...values: (string | null | undefined)[]) =>
  Buffer.concat([
    uint16(values.length),
    ...values.map((value) => {
      if (value === null) return Buffer.from('n')
      if (value === undefined) return Buffer.from('u')
      return Buffer.concat([Buffer.from('t'), uint32(Buffer.byteLength(value)), Buffer.from(value)])
    }),
  ])
const column = (name: string, oid: number) =>
  Buffer.concat([Buffer.of(1), text(name), uint32(oid), uint32(0xffffffff)])
const message = (kind: string, ...parts: Buffer[]) => Buffer.concat([Buffer.from(kind), ...parts])

const OID = 3_000_000_000 // beyond a signed number of 32 bits

function parserWithItems(): PgoutputParser {
  const parser = new PgoutputParser()
  parser.parse(
    message(
      'R',
      uint32(OID),
      text('public'),
      text('items'),
      Buffer.from('f'),
      uint16(2),
      column('id', 2950),
      column('v', 25),
    ),
  )
  return parser
}

test('ids and positions are read unsigned', () => {
  const begin = message('B', uint32(0xffffffff), uint32(0xfffffffe), Buffer.alloc(8), uint32(0xfffffffd))
  expect(new PgoutputParser().parse(begin)).toEqual({
    tag: 'begin',
    lsn: 0xfffffffffffffffen,
    xid: 0xfffffffd,
  })
})

test('values stay the text that Postgres sent', () => {
  const insert = message('I', uint32(OID), Buffer.from('N'), tuple('1', 'ünï\u{1F600}'))
  expect(parserWithItems().parse(insert)).toMatchObject({
    tag: 'insert',
    relation: { oid: OID, schema: 'public', name: 'items', hasFullIdentity: true },
    row: ['1', 'ünï\u{1F600}'],
  })
})

test('an unchanged value stored out of line comes from the old row', () => {
  const update = message(
    'U',
    uint32(OID),
    Buffer.from('O'),
    tuple('1', 'long'),
    Buffer.from('N'),
    tuple('2', undefined),
  )
  expect(parserWithItems().parse(update)).toMatchObject({ old: ['1', 'long'], row: ['2', 'long'] })
})

test('a row known by its key alone counts as unknown', () => {
  const update = message(
    'U',
    uint32(OID),
    Buffer.from('K'),
    tuple('1', null),
    Buffer.from('N'),
    tuple('2', 'a'),
  )
  expect(parserWithItems().parse(update)).toMatchObject({ old: null, row: ['2', 'a'] })
  const remove = message('D', uint32(OID), Buffer.from('K'), tuple('1', null))
  expect(parserWithItems().parse(remove)).toMatchObject({ tag: 'delete', old: null })
})

test('a message that is cut short or unknown is an error, not a wrong row', () => {
  const insert = message('I', uint32(OID), Buffer.from('N'), tuple('1', 'abc'))
  for (let length = 1; length < insert.length; length++) {
    expect(() => parserWithItems().parse(insert.subarray(0, length))).toThrow()
  }
  expect(() => new PgoutputParser().parse(insert)).toThrow('before it was announced')
  expect(() => new PgoutputParser().parse(Buffer.from('?'))).toThrow('Unknown pgoutput message')
})
