import { expect, test } from 'vitest'
import { parseColumnList, parseIdentifier, parseRelationName, quoteIdentifier } from './identifiers.ts'

test('unquoted names are folded, quoted ones kept', () => {
  expect(parseRelationName('Items')).toEqual({ schema: 'public', name: 'items' })
  expect(parseRelationName('My."It.ems"')).toEqual({ schema: 'my', name: 'It.ems' })
  expect(parseRelationName('"say ""hi"""')).toEqual({ schema: 'public', name: 'say "hi"' })
  expect(parseColumnList('id,"a,b",Größe')).toEqual(['id', 'a,b', 'größe'])
})

test('each wrong name has its message', () => {
  const messages = {
    'foob@r': 'Invalid unquoted identifier contains special characters: foob@r',
    ' ': 'Invalid unquoted identifier contains special characters:  ',
    '': 'Invalid zero-length delimited identifier',
    '""': 'Invalid zero-length delimited identifier',
    '"a"b"': 'Invalid identifier with unescaped quote: a"b',
    ['a'.repeat(64)]: 'Identifier is too long (max length is 63)',
    '"a\0"': 'Invalid identifier with a zero byte',
  }
  for (const [text, message] of Object.entries(messages)) {
    expect(() => parseIdentifier(text)).toThrow(message)
  }
  expect(() => parseRelationName('a.b.c')).toThrow('Invalid relation identifier, too many delimiters: a.b.c')
})

test('a quoted name cannot end its quotes', () => {
  expect(quoteIdentifier('a"; drop table x; --')).toBe('"a""; drop table x; --"')
})
