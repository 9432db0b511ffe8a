import { z } from 'zod'

// A backup is one file that gzip and tar can open: three gzip members, of which the first and the last are empty and
// carry their message in the header's comment. In between is a tar of the head, of COPY's output in parts, and of the
// closing counts. The last member holds the SHA-256 of all that stands before it, so no byte can change unnoticed.

/** Raised when an older release could not read the file rightly. */
export const FORMAT = 1

export const HEAD_ENTRY = 'head.json'
export const CLOSING_ENTRY = 'closing.json'

const table = z.object({
  schema: z.string(),
  name: z.string(),
  /** In their order; generated ones are not copied, but must be there after a restore. */
  columns: z.array(z.object({ name: z.string(), type: z.string(), generated: z.boolean() })),
})

const sequence = z.object({
  schema: z.string(),
  name: z.string(),
  last_value: z.string(),
  is_called: z.boolean(),
})

export const headSchema = z.object({
  product_version: z.string(),
  postgres_version: z.string(),
  encoding: z.string(),
  /** Moment of the snapshot. */
  created_at: z.string(),
  /** Applied ones, in order. */
  migrations: z.array(z.object({ tag: z.string(), when: z.number() })).min(1),
  tables: z.array(table),
  sequences: z.array(sequence),
})

export const closingSchema = z.object({
  /** In the order of the head. `digest`: see rows-digest.ts. */
  tables: z.array(z.object({ rows: z.number(), bytes: z.number(), digest: z.string() })),
})

export type Table = z.output<typeof table>
export type Sequence = z.output<typeof sequence>
export type Head = z.output<typeof headSchema>
export type Closing = z.output<typeof closingSchema>
export type TableContents = Closing['tables'][number]

/** Of all tables. */
export function totals({ tables }: Closing): { rows: number; bytes: number } {
  return {
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** Parts sort as they were written: `cat` of one table's parts is what `COPY … FROM` takes. */
export function partEntry(index: number, { schema, name }: Table, part: number): string {
  return `${tableFolder(index)}${schema}.${name}/${String(part).padStart(8, '0')}`
}

/** What the names of a table's parts begin with. */
export function tableFolder(index: number): string {
  return `data/${String(index + 1).padStart(4, '0')}-`
}

const MAGIC = 'throughline-backup '
const GZIP_WITH_COMMENT = [0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 0xff]
/** An empty deflate block, its checksum and its length. */
const EMPTY_BODY = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0]

export const OPENING = emptyMember(`${MAGIC}${FORMAT}`)
export const SEAL_BYTES = seal('0'.repeat(64)).length

/** @param sha256 of everything before it, in hexadecimal. */
export function seal(sha256: string): Buffer {
  return emptyMember(`sha256=${sha256}`)
}

/** The format's number that a file's first bytes tell; null when it is no backup of ours. */
export function formatOf(start: Buffer): number | null {
  const head = Buffer.concat([Buffer.from(GZIP_WITH_COMMENT), Buffer.from(MAGIC)])
  if (!start.subarray(0, head.length).equals(head)) return null
  const number = /^\d{1,9}(?=\0)/.exec(start.subarray(head.length).toString('latin1'))
  return number ? Number(number[0]) : null
}

function emptyMember(comment: string): Buffer {
  return Buffer.concat([
    Buffer.from(GZIP_WITH_COMMENT),
    Buffer.from(`${comment}\0`, 'latin1'),
    Buffer.from(EMPTY_BODY),
  ])
}
