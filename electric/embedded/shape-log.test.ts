import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareOffsets, formatOffset, type Offset, SNAPSHOT_END } from './offsets.ts'
import { ShapeLog } from './shape-log.ts'
import { SnapshotChunks } from './snapshot-chunks.ts'

const message = (bytes: number) => 'x'.repeat(bytes)

/** Reads as a client does, from the snapshot's end to the log's. */
function readAll(log: ShapeLog): { ends: string[]; messages: string[] } {
  const ends: string[] = []
  const messages: string[] = []
  let at: Offset = SNAPSHOT_END
  for (;;) {
    const read = log.read(at)
    messages.push(...log.messages(read))
    ends.push(formatOffset(read.end))
    at = read.end
    if (read.reachesEnd) return { ends, messages }
  }
}

test('an empty log ends where the snapshot ends', () => {
  expect(readAll(new ShapeLog(100))).toEqual({ ends: ['0_inf'], messages: [] })
})

test('the message that reaches the threshold closes its chunk, within a transaction too', () => {
  const log = new ShapeLog(100)
  for (let op = 0; op < 10; op += 2) log.append({ tx: 7n, op }, message(49))
  expect(readAll(log).ends).toEqual(['7_2', '7_6', '7_8'])
})

test('chunk boundaries never move while the log grows, and no read loses or repeats a message', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 40 }), (sizes) => {
      const log = new ShapeLog(100)
      let complete: string[] = []
      for (const [index, size] of sizes.entries()) {
        log.append({ tx: BigInt(Math.floor(index / 3) + 1), op: (index % 3) * 2 }, message(size))
        const { ends, messages } = readAll(log)
        expect(messages).toHaveLength(index + 1)
        expect(ends.slice(0, complete.length)).toEqual(complete)
        complete = ends.slice(0, -1)
      }
    }),
  )
})

test('a read within a chunk ends where that chunk ends', () => {
  const log = new ShapeLog(100)
  for (let op = 0; op < 10; op += 2) log.append({ tx: 7n, op }, message(49))
  const read = log.read({ tx: 7n, op: 0 })
  expect(formatOffset(read.end)).toBe('7_2')
  expect(log.messages(read)).toHaveLength(1)
  expect(compareOffsets(log.read({ tx: 9n, op: 0 }).end, log.end)).toBe(0)
})

test('snapshot chunks close with the row that fills them, the last with snapshot-end', () => {
  const snapshot = new SnapshotChunks(10)
  expect(['1234', '1234', '1234'].map((row) => snapshot.add(row))).toEqual([false, true, false])
  snapshot.complete('"end"')
  expect([0, 1, 2].map((chunk) => snapshot.body(chunk)?.toString())).toEqual([
    '[1234,1234]',
    '[1234,"end"]',
    undefined,
  ])
})

test('snapshot-end has a chunk of its own when the rows fill theirs', () => {
  const snapshot = new SnapshotChunks(4)
  snapshot.add('1234')
  snapshot.complete('"end"')
  expect(snapshot.body(1)?.toString()).toBe('["end"]')
})
