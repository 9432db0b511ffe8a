import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareOffsets, formatOffset, type Offset, SNAPSHOT_END } from './offsets.ts'
import { type LogEntry, ShapeLog } from './shape-log.ts'

const message = (bytes: number) => 'x'.repeat(bytes)

/** A log over a storage that holds what it was given. */
function newLog() {
  const stored: LogEntry[] = []
  const entries = (after: Offset, upTo: Offset, limit: number) =>
    stored
      .filter(({ offset }) => compareOffsets(offset, after) > 0 && compareOffsets(offset, upTo) <= 0)
      .slice(0, limit)
  const log = new ShapeLog(100, { entries })
  const store = (keepBytes: number) => {
    stored.push(...log.unstored())
    log.markStored(keepBytes)
  }
  return { log, store }
}

/** Reads as a client does, from the snapshot's end to the log's. */
function readAll(log: ShapeLog): { ends: string[]; messages: string[] } {
  const ends: string[] = []
  const messages: string[] = []
  let at: Offset = SNAPSHOT_END
  for (;;) {
    const read = log.read(at)
    for (const page of log.pages(read)) messages.push(...page)
    ends.push(formatOffset(read.end))
    at = read.end
    if (read.reachesEnd) return { ends, messages }
  }
}

test('an empty log ends where the snapshot ends', () => {
  expect(readAll(newLog().log)).toEqual({ ends: ['0_inf'], messages: [] })
})

test('the message that reaches the threshold closes its chunk, within a transaction too', () => {
  const log = newLog().log
  for (let op = 0; op < 10; op += 2) log.append({ tx: 7n, op }, message(49))
  expect(readAll(log).ends).toEqual(['7_2', '7_6', '7_8'])
})

test('chunk boundaries never move while the log grows, and no read loses or repeats a message', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 40 }), (sizes) => {
      const log = newLog().log
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
  const log = newLog().log
  for (let op = 0; op < 10; op += 2) log.append({ tx: 7n, op }, message(49))
  const read = log.read({ tx: 7n, op: 0 })
  expect(formatOffset(read.end)).toBe('7_2')
  expect(log.messages(read)).toHaveLength(1)
  expect(compareOffsets(log.read({ tx: 9n, op: 0 }).end, log.end)).toBe(0)
})

test('what memory drops is read from storage, each message once and in order', () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: 150 }),
    keep: fc.option(fc.constantFrom(0, 60, 1_000)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { log, store } = newLog()
      const all = steps.map(({ size }, index) => `${index}:${message(size)}`)
      for (const [index, { keep }] of steps.entries()) {
        log.append({ tx: BigInt(index + 1), op: 0 }, all[index] ?? '')
        if (keep !== null) store(keep)
        expect(readAll(log).messages).toEqual(all.slice(0, index + 1))
      }
      expect(log.messages(log.read(log.end))).toEqual([])
    }),
  )
})

test('a log goes on where it was when it was stored', () => {
  const { log, store } = newLog()
  for (let op = 0; op < 10; op += 2) log.append({ tx: 7n, op }, message(49))
  store(0)
  const again = new ShapeLog(100, { entries: () => [] }, log.state)
  again.append({ tx: 8n, op: 0 }, message(49))
  log.append({ tx: 8n, op: 0 }, message(49))
  expect(again.state).toEqual(log.state)
  expect(again.messages(again.read({ tx: 7n, op: 8 }))).toHaveLength(1)
  expect(again.messages(again.read({ tx: 7n, op: 0 }))).toBeNull()
})
