import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkArchive, readArchive } from './archive-reader.ts'
import { createArchive } from './archive-writer.ts'
import { CLOSING_ENTRY, type Closing, HEAD_ENTRY, type Head, partEntry } from './format.ts'
import { RowsDigest } from './rows-digest.ts'

const TABLES = [
  { schema: 'public', name: 'a', columns: [{ name: 'id', type: 'text', generated: false }] },
  { schema: 'public', name: 'empty', columns: [] },
  { schema: 'auth', name: 'a', columns: [] },
]
const HEAD: Head = {
  product_version: '0',
  postgres_version: '18',
  encoding: 'UTF8',
  created_at: '2026-11-21T00:00:00Z',
  migrations: [{ tag: '0000_tables', when: 1 }],
  tables: TABLES,
  sequences: [],
}
const PARTS = [['one\ntw', 'o\nthree\n'], [], ['ü\\n\n']]

let folder: string
let bytes: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-archive-'))
  await write(join(folder, 'whole'))
  bytes = await readFile(join(folder, 'whole'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(file: string, closing: Closing = countsOf(PARTS)): Promise<void> {
  await using archive = await createArchive(file)
  await archive.entry(HEAD_ENTRY, JSON.stringify(HEAD))
  for (const [index, table] of TABLES.entries()) {
    for (const [part, text] of (PARTS[index] ?? []).entries())
      await archive.entry(partEntry(index, table, part), text)
  }
  await archive.entry(CLOSING_ENTRY, JSON.stringify(closing))
  await archive.seal()
  await archive.publish()
}

function countsOf(parts: string[][]): Closing {
  return {
    tables: parts.map((texts) => {
      const digest = new RowsDigest()
      for (const text of texts) digest.update(Buffer.from(text))
      return { rows: digest.rows, bytes: digest.bytes, digest: digest.value() }
    }),
  }
}

async function refusalOf(content: Buffer): Promise<string> {
  const file = join(folder, 'other')
  await writeFile(file, content)
  return checkArchive(file).then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

describe('a whole archive', () => {
  test('is for its owner alone, and reads back as it was written', async () => {
    expect((await stat(join(folder, 'whole'))).mode & 0o777).toBe(0o600)
    await using reader = await readArchive(join(folder, 'whole'))
    expect(reader.head).toEqual(HEAD)
    const read: string[] = []
    for await (const { table, rows } of reader.tables()) read.push(`${table.name}: ${await buffer(rows)}`)
    expect(read).toEqual(['a: one\ntwo\nthree\n', 'empty: ', 'a: ü\\n\n'])
    expect(await reader.closing()).toEqual(countsOf(PARTS))
    expect(reader.progress()).toMatchObject({ rows: 4, bytes: 19 })
  })

  test('can be opened with gzip and tar where there is no Throughline', async () => {
    const file = join(folder, 'whole')
    expect(gunzipSync(bytes).length).toBeGreaterThan(3 * 512)
    const listed = execFileSync('tar', ['tzf', file], { encoding: 'utf8' })
    expect(listed.split('\n')).toContain('data/0003-auth.a/00000000')
    const [sum] = execFileSync('sha256sum', [file], { encoding: 'utf8' }).split(' ')
    expect(await checkArchive(file)).toEqual({ size: bytes.length, sha256: sum })
  })
})

describe('before anything in it is believed', () => {
  test('an archive that is cut off anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
        expect(await refusalOf(bytes.subarray(0, length))).toMatch(
          /^BackupError: .* (is cut off|is not a backup)/,
        )
      }),
      { numRuns: 200, examples: [[0], [1], [bytes.length - 1]] },
    )
  })

  test('an archive with any byte altered is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const altered = Buffer.from(bytes)
        altered[at] = (altered[at] ?? 0) ^ by
        expect(await refusalOf(altered)).toMatch(
          /^BackupError: .* (altered|cut off|not a backup|newer release)/,
        )
      }),
      { numRuns: 250 },
    )
  })

  test('bytes that were put in, taken out or appended are noticed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length),
        fc.nat(20),
        fc.uint8Array({ maxLength: 20 }),
        async (at, out, put) => {
          const altered = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + out)])
          fc.pre(!altered.equals(bytes))
          expect(await refusalOf(altered)).toMatch(/^BackupError: /)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('other files are no backups, and a newer format is named as such', async () => {
    for (const other of ['', 'words', gzipSync('words')]) {
      expect(await refusalOf(Buffer.from(other))).toMatch(
        /other is not a backup of Throughline\. Nothing was changed/,
      )
    }
    const newer = Buffer.from(bytes)
    newer.write('2', newer.indexOf('backup 1\0') + 7)
    expect(await refusalOf(newer)).toContain('was made by a newer release of Throughline (format 2;')
  })
})

test('counts that differ from what is there are noticed when it is read', async () => {
  const counts = countsOf([...PARTS.slice(0, 2), ['other\n']])
  await write(join(folder, 'miscounted'), counts)
  await checkArchive(join(folder, 'miscounted'))
  await using reader = await readArchive(join(folder, 'miscounted'))
  for await (const { rows } of reader.tables()) await buffer(rows)
  await expect(reader.closing()).rejects.toThrow('does not hold what its head promises')
})

describe('a file that is not finished', () => {
  test('leaves nothing under any name', async () => {
    const place = await mkdtemp(join(folder, 'place-'))
    await using archive = await createArchive(join(place, 'x'))
    await archive.entry(HEAD_ENTRY, JSON.stringify(HEAD))
    expect(await readdir(place)).toEqual([`x.${process.pid}.partial`])
    await archive[Symbol.asyncDispose]()
    expect(await readdir(place)).toEqual([])
  })

  test('never takes the place of another, also not of one that came meanwhile', async () => {
    const place = await mkdtemp(join(folder, 'place-'))
    await using archive = await createArchive(join(place, 'x'))
    await archive.entry(HEAD_ENTRY, JSON.stringify(HEAD))
    await archive.seal()
    await writeFile(join(place, 'x'), 'precious')
    await expect(archive.publish()).rejects.toThrow('exists already')
    await expect(createArchive(join(place, 'x'))).rejects.toThrow('exists already')
    await expect(createArchive(join(place, 'none', 'x'))).rejects.toThrow('There is no folder')
    await archive[Symbol.asyncDispose]()
    expect([await readdir(place), await readFile(join(place, 'x'), 'utf8')]).toEqual([['x'], 'precious'])
  })
})
