import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import type { z } from 'zod'
import { BackupError } from './backup-error.ts'
import {
  CLOSING_ENTRY,
  type Closing,
  closingSchema,
  FORMAT,
  formatOf,
  HEAD_ENTRY,
  type Head,
  headSchema,
  OPENING,
  SEAL_BYTES,
  seal,
  type Table,
  tableFolder,
} from './format.ts'
import type { OnProgress } from './progress.ts'
import { RowsDigest } from './rows-digest.ts'

export interface CheckedArchive {
  size: number
  /** Of the whole file, as `sha256sum` prints it. */
  sha256: string
}

/**
 * Reads the whole file and holds it against its seal. Only then is anything in it believed.
 * @throws BackupError when it is no backup, one of a newer release, cut off, or altered in any byte.
 */
export async function checkArchive(
  file: string,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<CheckedArchive> {
  const size = await sizeOfBackup(file)
  const sha256 = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(file, { end: size - SEAL_BYTES - 1, signal })) {
    sha256.update(chunk)
    bytes += chunk.length
    onProgress?.({ step: 'Checking', share: bytes / size, rows: 0, bytes })
  }
  const expected = seal(sha256.copy().digest('hex'))
  const found = await buffer(createReadStream(file, { start: size - SEAL_BYTES }))
  if (!found.equals(expected)) throw damaged(file, found)
  return { size, sha256: sha256.update(found).digest('hex') }
}

async function sizeOfBackup(file: string): Promise<number> {
  const { size } = await stat(file)
  const handle = await open(file)
  const { buffer: start, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0)
  await handle.close()
  const format = formatOf(start.subarray(0, bytesRead))
  if (format === null) throw new BackupError(`${file} is not a backup of Throughline. Nothing was changed.`)
  if (format > FORMAT) {
    throw new BackupError(
      `${file} was made by a newer release of Throughline (format ${format}; this release reads ${FORMAT}). Restore it with that release or a later one. Nothing was changed.`,
    )
  }
  if (size < OPENING.length + SEAL_BYTES) throw damaged(file, Buffer.alloc(0))
  return size
}

function damaged(file: string, end: Buffer): BackupError {
  const sealed = seal('').indexOf('\0', 10)
  const hasSeal = end.subarray(0, sealed).equals(seal('').subarray(0, sealed))
  const what = hasSeal
    ? 'was altered or damaged: its checksum is not the one it was sealed with'
    : 'is cut off'
  return new BackupError(
    `${file} ${what}. Get another copy of it, or use another backup. Nothing was changed.`,
  )
}

export interface ArchivedTable {
  table: Table
  rows: AsyncIterable<Buffer>
}

export interface ArchiveReader {
  head: Head
  /** In the order of the head; the rows of each have to be read before the next. */
  tables(): AsyncGenerator<ArchivedTable>
  /** What was counted when the backup was made; known once all tables were read, and held against what was read. */
  closing(): Promise<Closing>
  /** Of the file's bytes, the share that was read, and what came out of it. */
  progress(): { share: number; rows: number; bytes: number }
  [Symbol.asyncDispose](): Promise<void>
}

/** Reads a file that was checked. */
export async function readArchive(file: string, signal?: AbortSignal): Promise<ArchiveReader> {
  const { size } = await stat(file)
  const packed = createReadStream(file, { start: OPENING.length, end: size - SEAL_BYTES - 1, signal })
  const tar = extract()
  // Not by pipeline: an early end is not an error here, and the entries carry what is one.
  const gunzip = createGunzip()
  packed.on('error', (error) => gunzip.destroy(error))
  gunzip.on('error', (error) => tar.destroy(error))
  packed.pipe(gunzip).pipe(tar)
  const entries = tar[Symbol.asyncIterator]()
  let next = await entries.next()
  const json = async <S extends z.ZodType>(name: string, schema: S): Promise<z.output<S>> => {
    if (next.done || next.value.header.name !== name) throw unexpected(file, name)
    const text = (await buffer(next.value)).toString()
    next = await entries.next()
    const parsed = schema.safeParse(JSON.parse(text))
    if (!parsed.success) throw unexpected(file, name)
    return parsed.data
  }
  async function* partsOf(index: number, digest: RowsDigest): AsyncGenerator<Buffer> {
    for (; !next.done && next.value.header.name.startsWith(tableFolder(index)); next = await entries.next()) {
      for await (const chunk of next.value as AsyncIterable<Buffer>) {
        digest.update(chunk)
        yield chunk
      }
    }
  }
  const head = await json(HEAD_ENTRY, headSchema)
  const digests: RowsDigest[] = []
  return {
    head,
    tables: async function* () {
      for (const [index, table] of head.tables.entries()) {
        const digest = new RowsDigest()
        digests.push(digest)
        yield { table, rows: partsOf(index, digest) }
      }
    },
    closing: async () => {
      const closing = await json(CLOSING_ENTRY, closingSchema)
      const read = digests.map((digest) => ({
        rows: digest.rows,
        bytes: digest.bytes,
        digest: digest.value(),
      }))
      if (JSON.stringify(read) !== JSON.stringify(closing.tables)) throw unexpected(file, 'its counts')
      return closing
    },
    progress: () => ({
      share: packed.bytesRead / size,
      rows: digests.reduce((sum, { rows }) => sum + rows, 0),
      bytes: digests.reduce((sum, { bytes }) => sum + bytes, 0),
    }),
    [Symbol.asyncDispose]: async () => {
      packed.destroy()
      gunzip.destroy()
      tar.destroy()
    },
  }
}

function unexpected(file: string, what: string): BackupError {
  return new BackupError(
    `${file} does not hold what its head promises (${what}), though its checksum is right: the release that made it has a defect. Nothing was changed.`,
  )
}
