import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RowWriter } from './row-writer.ts'
import { SnapshotChunks } from './snapshot-chunks.ts'
import { SnapshotWriter } from './snapshot-writer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Rows that are written as they are. */
const PLAIN: RowWriter = {
  limit: (_from, start, end) => end - start,
  write: (from, start, end, to, at) => at + from.copy(to, at, start, end),
}

async function bodies(chunks: SnapshotChunks): Promise<string[]> {
  const all = Array.from({ length: chunks.count }, async (_, index) => {
    const body = chunks.body(index)
    if (!body || Buffer.isBuffer(body)) return String(body)
    const parts: Buffer[] = []
    for await (const part of body.open()) parts.push(Buffer.from(part)) // its buffer is used again
    return Buffer.concat(parts).toString()
  })
  return Promise.all(all)
}

const notStored = () => Buffer.from('')

let files = 0
async function write(threshold: number, parts: string[]) {
  const chunks = new SnapshotChunks(join(folder, `${files++}.json`), notStored)
  const writer = new SnapshotWriter(chunks, PLAIN, threshold)
  for (const part of parts) await writer.write(Buffer.from(part))
  await writer.complete('"end"')
  return { chunks, writer }
}

test('chunks close with the row that fills them, the last with snapshot-end', async () => {
  const { chunks } = await write(10, ['1234\n1234\n1234\n'])
  expect(await bodies(chunks)).toEqual(['[1234,1234]', '[1234,"end"]'])
})

test('snapshot-end has a chunk of its own when the rows fill theirs', async () => {
  const { chunks } = await write(4, ['1234\n'])
  expect(await bodies(chunks)).toEqual(['[1234]', '["end"]'])
})

test('an empty snapshot is its end', async () => {
  expect(await bodies((await write(10, [])).chunks)).toEqual(['["end"]'])
})

test('chunks are the same wherever the rows were cut, and when they come from storage', async () => {
  const row = fc.integer({ min: 1, max: 99_999 }).map(String)
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const text = rows.map((each) => `${each}\n`).join('')
      const { chunks } = await write(20, text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])
      const written = await bodies(chunks)
      expect(written.flatMap((body) => JSON.parse(body))).toEqual([...rows.map(Number), 'end'])
      const stored = { ends: chunks.ends, isSmall: true }
      const again = new SnapshotChunks('none', () => Buffer.from(written.join('')), stored)
      expect(await bodies(again)).toEqual(written)
    }),
    { numRuns: 50 },
  )
})

test('a large snapshot is readable chunk by chunk while it grows, and stays out of memory', async () => {
  const chunks = new SnapshotChunks(join(folder, 'large.json'), notStored)
  const writer = new SnapshotWriter(chunks, PLAIN, 100_000)
  const rows = Buffer.from(`${'7'.repeat(999)}\n`.repeat(1_000))
  expect(await writer.write(rows)).toBe(true)
  expect(chunks.count).toBeGreaterThan(3)
  expect((await bodies(chunks))[0]).toHaveLength(100 * 1_000 + 1)
  await writer.complete('"end"')
  await writer.save()
  expect([chunks.count, chunks.isSmall]).toEqual([11, false])
  expect(await readFile(chunks.file, 'utf8')).toBe((await bodies(chunks)).join(''))
})
