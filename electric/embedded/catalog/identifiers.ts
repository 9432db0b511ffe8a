/** SQL identifiers as they come in `table` and `columns`: folded unless quoted, at most 63 characters. */
export class IdentifierError extends Error {
  override name = 'IdentifierError'
}

const MAX_LENGTH = 63
const UNQUOTED = /^[\p{L}_][\p{L}\p{M}_0-9$]*$/u

export interface RelationName {
  readonly schema: string
  readonly name: string
}

/** @throws IdentifierError */
export function parseRelationName(text: string): RelationName {
  const parts = splitOutsideQuotes(text, '.')
  if (parts.length > 2) throw new IdentifierError(`Invalid relation identifier, too many delimiters: ${text}`)
  const [first = '', second] = parts.map(parseIdentifier)
  return second === undefined ? { schema: 'public', name: first } : { schema: first, name: second }
}

/** @throws IdentifierError */
export function parseColumnList(text: string): string[] {
  return splitOutsideQuotes(text, ',').map(parseIdentifier)
}

/** @throws IdentifierError */
export function parseIdentifier(text: string): string {
  const isQuoted = text.startsWith('"') && text.endsWith('"')
  const name = isQuoted ? unquote(text.slice(1, -1)) : fold(text)
  if (name.length > MAX_LENGTH) {
    throw new IdentifierError(`Identifier is too long (max length is ${MAX_LENGTH})`)
  }
  return name
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function fold(text: string): string {
  if (UNQUOTED.test(text)) return text.toLowerCase()
  if (text === '') throw new IdentifierError('Invalid zero-length delimited identifier')
  throw new IdentifierError(`Invalid unquoted identifier contains special characters: ${text}`)
}

function unquote(inner: string): string {
  if (inner === '') throw new IdentifierError('Invalid zero-length delimited identifier')
  if (inner.includes('\0')) throw new IdentifierError('Invalid identifier with a zero byte')
  if (inner.replaceAll('""', '').includes('"')) {
    throw new IdentifierError(`Invalid identifier with unescaped quote: ${inner}`)
  }
  return inner.replaceAll('""', '"')
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let isQuoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted
    if (text[at] !== separator || isQuoted) continue
    parts.push(text.slice(start, at))
    start = at + 1
  }
  return [...parts, text.slice(start)]
}
