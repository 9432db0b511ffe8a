import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inParts } from './in-parts.ts'
import { RowsDigest } from './rows-digest.ts'

const text = (rows: string[]) => Buffer.from(rows.map((row) => `${row}\n`).join(''))

function digestOf(...chunks: Buffer[]) {
  const digest = new RowsDigest()
  for (const chunk of chunks) digest.update(chunk)
  return { rows: digest.rows, bytes: digest.bytes, value: digest.value() }
}

const row = fc.string({ unit: fc.constantFrom('a', '\\', '\t', 'ü', '🦊'), maxLength: 8 })
const rows = fc.array(row, { maxLength: 12 })

test('however the bytes are cut, the digest is the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, a, b) => {
        const whole = text(all)
        const chunks = Array.from({ length: Math.ceil(whole.length / a) }, (_, n) =>
          whole.subarray(n * a, n * a + a),
        )
        const parts: Buffer[] = []
        for await (const part of inParts(from(chunks), b)) parts.push(part)
        expect(Buffer.concat(parts)).toEqual(whole)
        expect(parts.every((part, n) => (n < parts.length - 1 ? part.length === b : part.length <= b))).toBe(
          true,
        )
        expect(digestOf(...parts)).toEqual(digestOf(whole))
        expect(digestOf(whole)).toMatchObject({ rows: all.length, bytes: whole.length })
      },
    ),
  )
})

test('two sets of rows have the same digest exactly when they hold the same rows as often, in whatever order', () => {
  fc.assert(
    fc.property(rows, rows, (some, others) => {
      const isSame = JSON.stringify([...some].sort()) === JSON.stringify([...others].sort())
      expect(digestOf(text(some)).value === digestOf(text(others)).value).toBe(isSame)
      expect(digestOf(text(some.toReversed()))).toEqual(digestOf(text(some)))
    }),
  )
})

async function* from(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}
