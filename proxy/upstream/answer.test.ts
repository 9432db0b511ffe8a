import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors.ts'
import { Answer, type AnswerReader } from './answer.ts'

const HEAD = { status: 200, headers: {}, bytes: undefined }

function source() {
  const seen = { resumed: 0, abandoned: 0, held: 0, over: 0 }
  return {
    seen,
    resume: () => void seen.resumed++,
    abandon: () => void seen.abandoned++,
    begun: () => {},
    hold: (bytes: number) => {
      seen.held += bytes
    },
    over: () => void seen.over++,
  }
}

/** Takes what it is allowed to. */
class Reader implements AnswerReader {
  readonly answer: Answer
  text = ''
  /** Chunks it still takes. */
  appetite: number
  isCut = false

  constructor(answer: Answer, appetite = Number.POSITIVE_INFINITY) {
    this.answer = answer
    this.appetite = appetite
    answer.join(this)
  }

  advance(): void {
    while (this.appetite > 0) {
      const chunk = this.answer.take(this)
      if (!chunk) return
      this.appetite--
      this.text += chunk.toString()
    }
  }

  cutOff(): void {
    this.isCut = true
  }
}

describe('an answer', () => {
  it('is given to each of its readers in full, from one copy', () => {
    const from = source()
    const answer = new Answer(from)
    const [first, second] = [new Reader(answer), new Reader(answer)]
    answer.head(HEAD)
    answer.data(Buffer.from('one '))
    const late = new Reader(answer)
    late.advance()
    answer.data(Buffer.from('two'))
    answer.end()
    expect([first.text, second.text, late.text]).toEqual(['one two', 'one two', 'one two'])
    expect(from.seen.held).toBe(7)
    expect(answer.isDone(late)).toBe(true)
  })

  it('comes as fast as its fastest reader takes it, and stops when nobody does', () => {
    const from = source()
    const answer = new Answer(from)
    const [fast, slow] = [new Reader(answer, 2), new Reader(answer, 0)]
    answer.head(HEAD)
    expect(answer.data(Buffer.from('a'))).toBe(true)
    expect(answer.data(Buffer.from('b'))).toBe(true)
    expect(answer.data(Buffer.from('c'))).toBe(false)
    slow.appetite = 1
    slow.advance()
    expect(from.seen.resumed).toBe(0)
    fast.appetite = 1
    fast.advance()
    expect(from.seen.resumed).toBe(1)
    expect([fast.text, slow.text]).toEqual(['abc', 'a'])
  })

  it('is let go when its last reader leaves in the middle, and no sooner', () => {
    const from = source()
    const answer = new Answer(from)
    const [one, other] = [new Reader(answer), new Reader(answer)]
    answer.head(HEAD)
    answer.data(Buffer.from('half'))
    answer.leave(one)
    expect(from.seen.abandoned).toBe(0)
    answer.leave(other)
    expect(from.seen).toMatchObject({ abandoned: 1, held: 0 })
  })

  it('that is whole is not held up, though its readers have left with their last bytes', () => {
    const answer = new Answer(source())
    const reader = {
      advance: () => {
        if (answer.beginning && answer.take(reader) && answer.isDone(reader)) answer.leave(reader)
      },
      cutOff: () => {},
    }
    answer.join(reader)
    answer.head({ ...HEAD, bytes: 4 })
    expect([answer.data(Buffer.from('all.')), answer.readers]).toEqual([true, 0])
  })

  it('that is whole is not let go when its readers have left', () => {
    const from = source()
    const answer = new Answer(from)
    const reader = new Reader(answer)
    answer.head({ ...HEAD, bytes: 4 })
    answer.data(Buffer.from('all.'))
    answer.leave(reader)
    expect(from.seen).toMatchObject({ abandoned: 0, held: 4 })
    answer.end()
    answer.close()
    expect(from.seen.held).toBe(0)
  })

  it('that is closed holds what its slowest reader has not taken, and cutting her off frees it', () => {
    const from = source()
    const answer = new Answer(from)
    const [fast, slow] = [new Reader(answer), new Reader(answer, 1)]
    answer.head(HEAD)
    for (const chunk of ['a', 'bb', 'ccc']) answer.data(Buffer.from(chunk))
    answer.close()
    expect(from.seen.held).toBe(5)
    answer.cutOffSlowest()
    expect([slow.isCut, fast.isCut, from.seen.held]).toEqual([true, false, 0])
    answer.data(Buffer.from('d'))
    expect([fast.text, from.seen.held]).toEqual(['abbcccd', 0])
  })

  it('that fails tells all of its readers, and holds nothing', () => {
    const from = source()
    const answer = new Answer(from)
    new Reader(answer)
    answer.head(HEAD)
    answer.data(Buffer.from('half'))
    const error = new AppError('unavailable', 'away')
    answer.fail(error)
    expect([answer.error, answer.isOpen, from.seen.held, from.seen.over]).toEqual([error, false, 0, 1])
  })

  it('gives everybody the same bytes, whoever comes, goes or is slow, and holds no more than it must', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('data' as const), text: fc.string({ minLength: 1, maxLength: 5 }) }),
      fc.record({ do: fc.constant('join' as const), appetite: fc.nat(3) }),
      fc.record({ do: fc.constantFrom('eat' as const, 'leave' as const), who: fc.nat(9) }),
      fc.record({ do: fc.constant('close' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const from = source()
        const answer = new Answer(from)
        let all = ''
        const anchor = new Reader(answer)
        const readers = [anchor]
        answer.head(HEAD)
        for (const each of steps) {
          if (each.do === 'data') {
            all += each.text
            answer.data(Buffer.from(each.text))
          } else if (each.do === 'join') {
            if (answer.isOpen) readers.push(new Reader(answer, each.appetite))
          } else if (each.do === 'close') answer.close()
          else {
            const reader = readers[1 + (each.who % Math.max(1, readers.length - 1))]
            if (!reader) continue
            if (each.do === 'leave') answer.leave(readers.splice(readers.indexOf(reader), 1)[0] ?? reader)
            else {
              reader.appetite = 2
              reader.advance()
            }
          }
          for (const reader of readers) expect(all.startsWith(reader.text)).toBe(true)
        }
        answer.end()
        const slowest = Math.min(...readers.map(({ text }) => Buffer.byteLength(text)))
        expect(from.seen.held).toBe(Buffer.byteLength(all) - (answer.isOpen ? 0 : slowest))
        for (const reader of readers) {
          reader.appetite = Number.POSITIVE_INFINITY
          reader.advance()
          expect(reader.text).toBe(all)
          expect(answer.isDone(reader)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
