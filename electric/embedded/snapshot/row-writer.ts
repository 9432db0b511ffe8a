import type { ShapeDefinition } from '../catalog/shape-definition.ts'

/**
 * Turns rows in COPY's text format into the messages of a snapshot, byte by byte: a row never becomes strings
 * and objects, which is most of what a snapshot would cost otherwise. The two formats escape nearly the same
 * characters in the same way.
 */
export interface RowWriter {
  /** The most bytes that the row in `from[start, end)` can become. */
  limit(from: Buffer, start: number, end: number): number
  /**
   * Writes the row that lies in `from[start, end)`, without its line feed.
   * @returns where the message ends in `to`
   */
  write(from: Buffer, start: number, end: number, to: Buffer, at: number): number
}

const TAB = 0x09
const QUOTE = 0x22
const SLASH = 0x2f
const LETTER_N = 0x4e
const BACKSLASH = 0x5c
const LETTER_V = 0x76
const HEX = Buffer.from('0123456789abcdef')
const NULL = Buffer.from('null')
// A byte becomes six at most, `\u001f`, in the value and again in the key.
const LONGEST_ESCAPE = 12
const LONG_ROW = 16 * 1024

/** What a byte needs: 0 nothing, 1 ends a field, 2 begins an escape, 3 is escaped in JSON only. */
const NEEDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === TAB) return 1
  if (byte === BACKSLASH) return 2
  return byte < 0x20 || byte === QUOTE ? 3 : 0
})

/**
 * The rows' fields come in the order of the definition's columns.
 * @param more headers of each message
 */
export function rowWriter(
  { relation, columns }: ShapeDefinition,
  more: Readonly<Record<string, unknown>> = {},
): RowWriter {
  const { schema, name } = relation
  const labels = columns.map((column, index) =>
    Buffer.from(`${index === 0 ? '{"value":{' : ','}${JSON.stringify(column.name)}:`),
  )
  const keyName = JSON.stringify(`"${schema}"."${name}"`).slice(0, -1)
  const afterValue = Buffer.from(
    `},"headers":${JSON.stringify({ operation: 'insert', relation: [schema, name], ...more })},"key":${keyName}`,
  )
  const keyColumns = relation.primaryKey.map((key) => columns.findIndex((column) => column.name === key))
  const starts = new Int32Array(columns.length)
  const ends = new Int32Array(columns.length)
  const fixedBytes =
    labels.reduce((sum, label) => sum + label.length + 6, 0) + afterValue.length + 8 * keyColumns.length + 8

  return {
    limit: (from, start, end) => fixedBytes + longest(from, start, end),
    write(from, start, end, to, at) {
      let out = at
      let read = start
      for (let field = 0; field < labels.length; field++) {
        const label = labels[field] as Buffer // within bounds
        out += label.copy(to, out)
        starts[field] = read
        if (isNull(from, read, end)) {
          out += NULL.copy(to, out)
          read += 2
        } else {
          to[out++] = QUOTE
          for (; read < end && from[read] !== TAB; read++) {
            const byte = from[read] as number // within bounds
            const need = NEEDS[byte]
            if (need === 0) to[out++] = byte
            else if (need === 2) out = writeEscape(from[++read] as number, to, out)
            else out = writeControl(byte, to, out)
          }
          to[out++] = QUOTE
        }
        ends[field] = read
        read++ // the tab
      }
      out += afterValue.copy(to, out)
      for (const column of keyColumns) {
        out = writeKeyPart(from, starts[column] as number, ends[column] as number, to, out)
      }
      to[out++] = QUOTE
      to[out++] = 0x7d
      return out
    },
  }
}

// Of a long row the bytes that grow are counted: twelve times its length would be a lot of memory for nothing.
function longest(from: Buffer, start: number, end: number): number {
  if (end - start < LONG_ROW) return LONGEST_ESCAPE * (end - start)
  let grows = 0
  for (let at = start; at < end; at++) {
    const byte = from[at] as number // within bounds
    if (NEEDS[byte] !== 0 || byte === SLASH) grows++
  }
  return 2 * (end - start + 5 * grows)
}

// `\N` and nothing else in the field: a text of these two characters begins with `\\`.
function isNull(from: Buffer, at: number, end: number): boolean {
  return at + 1 < end && from[at] === BACKSLASH && from[at + 1] === LETTER_N
}

/** COPY's `\b \f \n \r \t \\` are JSON's; it has `\v` besides. */
function writeEscape(letter: number, to: Buffer, at: number): number {
  if (letter === LETTER_V) return writeControl(0x0b, to, at)
  to[at] = BACKSLASH
  to[at + 1] = letter
  return at + 2
}

function writeControl(byte: number, to: Buffer, at: number): number {
  to[at] = BACKSLASH
  if (byte === QUOTE) {
    to[at + 1] = QUOTE
    return at + 2
  }
  to[at + 1] = 0x75
  to[at + 2] = 0x30
  to[at + 3] = 0x30
  to[at + 4] = HEX[byte >> 4] as number // a byte has two digits
  to[at + 5] = HEX[byte & 15] as number
  return at + 6
}

/** `/"value"`, or `/_` for null; a slash in the value is doubled. */
function writeKeyPart(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  let out = at
  to[out++] = SLASH
  if (isNull(from, start, end)) {
    to[out++] = 0x5f
    return out
  }
  to[out++] = BACKSLASH
  to[out++] = QUOTE
  for (let read = start; read < end; read++) {
    const byte = from[read] as number // within bounds
    const need = NEEDS[byte]
    if (need === 2) out = writeEscape(from[++read] as number, to, out)
    else if (need !== 0) out = writeControl(byte, to, out)
    else {
      to[out++] = byte
      if (byte === SLASH) to[out++] = SLASH
    }
  }
  to[out++] = BACKSLASH
  to[out++] = QUOTE
  return out
}
