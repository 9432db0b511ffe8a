import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LiveFrame, LiveFrameDecoder, LiveFrameError } from '#app/sync/live-frames.ts'
import { type AnswerHead, encodeHead, HEARTBEAT } from './frames.ts'

const OK = { status: 200, headers: { 'electric-offset': '1_0' } }

/** One frame with its bytes, or a going-on one where there is no answer. */
function frame(id: string, answer: AnswerHead, body: string | Uint8Array = '', more = false): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([encodeHead(id, answer, bytes.length, more), bytes])
}

function decode(...parts: (Uint8Array | string)[]): LiveFrame[] {
  return new LiveFrameDecoder().push(Buffer.concat(parts.map((part) => Buffer.from(part))))
}

const plain = ({ id, status, headers, body }: LiveFrame) => ({
  id,
  status,
  headers: Object.fromEntries(headers),
  body: Buffer.from(body).toString('hex'),
})
const bodies = (frames: LiveFrame[]) => frames.map(({ id, body }) => [id, Buffer.from(body).toString()])

describe('a frame', () => {
  it('is one line of JSON and then the bytes as they are', () => {
    expect(frame('1', OK, '[1]\n').toString()).toBe(
      '{"i":"1","s":200,"h":{"electric-offset":"1_0"},"n":4}\n[1]\n',
    )
    expect(frame('1', OK, '[1', true).toString()).toBe(
      '{"i":"1","s":200,"h":{"electric-offset":"1_0"},"n":2,"more":1}\n[1',
    )
    expect(frame('1', null, ']').toString()).toBe('{"i":"1","n":1}\n]')
  })

  it('without more makes its answer whole, with more it waits for the next', () => {
    expect(bodies(decode(frame('1', OK, '[1]')))).toEqual([['1', '[1]']])
    expect(decode(frame('1', OK, '[1', true))).toEqual([])
    expect(
      bodies(decode(frame('1', OK, '[', true), frame('1', null, '1', true), frame('1', null, ']'))),
    ).toEqual([['1', '[1]']])
  })

  it('may carry no bytes, at the beginning, in the middle and at the end of an answer', () => {
    expect(bodies(decode(frame('1', { status: 409, headers: {} })))).toEqual([['1', '']])
    expect(bodies(decode(frame('1', OK, '', true), frame('1', null, '[]', true), frame('1', null)))).toEqual([
      ['1', '[]'],
    ])
  })

  it('of one entry may stand between two of another’s', () => {
    const frames = decode(frame('1', OK, '[', true), frame('2', OK, '[2]'), HEARTBEAT, frame('1', null, '1]'))
    expect(bodies(frames)).toEqual([
      ['2', '[2]'],
      ['1', '[1]'],
    ])
  })

  it('with a status ends what was begun for that entry, and for no other', () => {
    const frames = decode(
      frame('1', OK, 'void', true),
      frame('2', OK, 'k', true),
      frame('1', { status: 503, headers: {} }, 'gone'),
      frame('2', null, 'ept'),
    )
    expect(frames.map(({ id, status }) => [id, status])).toEqual([
      ['1', 503],
      ['2', 200],
    ])
    expect(bodies(frames)).toEqual([
      ['1', 'gone'],
      ['2', 'kept'],
    ])
  })

  it('that goes on with nothing is an error', () => {
    expect(() => decode(frame('1', null, ']'))).toThrow(LiveFrameError)
    expect(() => decode(frame('1', OK, '[]'), frame('1', null, ']'))).toThrow(LiveFrameError)
  })

  it('of an entry that nobody knows is passed over, whatever it is', () => {
    const decoder = new LiveFrameDecoder({ isKnown: (id) => id === '2' })
    decoder.push(frame('1', null, ']'))
    decoder.push(frame('1', OK, '[', true))
    expect(decoder.heldBytes).toBe(0)
    expect(bodies(decoder.push(frame('2', OK, '[2]')))).toEqual([['2', '[2]']])
  })

  it('of an entry that was given up in the middle is forgotten', () => {
    const known = new Set(['1', '2'])
    const decoder = new LiveFrameDecoder({ isKnown: (id) => known.has(id) })
    decoder.push(frame('1', OK, 'begun', true))
    known.delete('1')
    expect(decoder.push(frame('1', null, ' and ended'))).toEqual([])
    decoder.push(frame('2', OK, '[2', true))
    expect(decoder.heldBytes).toBe(2)
  })

  it('carries the status and headers of the single request', () => {
    const headers = { 'electric-handle': 'h', etag: 'W/"1"' }
    expect(decode(frame('1', { status: 409, headers }, '[]')).map(plain)).toEqual([
      { id: '1', status: 409, headers, body: '5b5d' },
    ])
  })
})

describe('what is no frame', () => {
  it.each([
    ['no JSON', 'hello\n'],
    ['no object', '7\n'],
    ['null', 'null\n'],
    ['no id', '{"s":200,"h":{},"n":0}\n'],
    ['an id that is no text', '{"i":1,"s":200,"h":{},"n":0}\n'],
    ['a status that is none', '{"i":"a","s":20,"h":{},"n":0}\n'],
    ['a status alone', '{"i":"a","s":200,"n":0}\n'],
    ['headers alone', '{"i":"a","h":{},"n":0}\n'],
    ['headers in a list', '{"i":"a","s":200,"h":[["a","b"]],"n":0}\n'],
    ['a header that is none', '{"i":"a","s":200,"h":{"a b":"c"},"n":0}\n'],
    ['a header that is no text', '{"i":"a","s":200,"h":{"a":1},"n":0}\n'],
    ['no length', '{"i":"a","s":200,"h":{}}\n'],
    ['a negative length', '{"i":"a","s":200,"h":{},"n":-1}\n'],
    ['half a byte', '{"i":"a","s":200,"h":{},"n":1.5}\n'],
    ['a length beyond all reason', '{"i":"a","s":200,"h":{},"n":1e15}\n'],
    ['another word for more', '{"i":"a","s":200,"h":{},"n":0,"more":true}\n'],
    ['a line without end', 'x'.repeat(70_000)],
    ['bytes that are no text', Uint8Array.of(0xff, 0x0a)],
  ])('with %s is refused', (_what, bytes) => {
    expect(() => decode(bytes)).toThrow(LiveFrameError)
  })

  it('an answer that grows beyond its bound is, before its bytes are taken', () => {
    const decoder = new LiveFrameDecoder({ answerBytes: 10 })
    decoder.push(frame('1', OK, '123456', true))
    decoder.push(frame('1', null, '7890', true))
    expect(() => decoder.push(encodeHead('1', null, 1, false))).toThrow(LiveFrameError)
  })
})

const id = fc.constantFrom<string>('1', '2', '3', 'ü\n"', '__proto__')
const answer = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.stringMatching(/^[!-~]{0,20}$/), {
    noNullPrototype: true,
  }),
  body: fc.uint8Array({ maxLength: 60, size: 'max' }),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
  /** How many of its frames are sent before another answer of the entry begins; all when there are fewer. */
  sent: fc.oneof(
    { weight: 3, arbitrary: fc.constant(9) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
})
type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never

interface Sent {
  frames: Buffer[]
  whole: ReturnType<typeof plain> | null
}

/** The frames of an answer, and what a reader has of it: nothing when it is broken off. */
function cut(entry: string, { status, headers, body, cuts, sent }: Answer): Sent {
  const pieces = chunked(body, cuts)
  const frames = pieces.map((piece, at) =>
    frame(entry, at === 0 ? { status, headers } : null, piece, at < pieces.length - 1),
  )
  const isWhole = sent >= frames.length
  return {
    frames: frames.slice(0, sent),
    whole: isWhole ? { id: entry, status, headers, body: Buffer.from(body).toString('hex') } : null,
  }
}

function chunked(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [...cuts.map((each) => each % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

interface Stream {
  bytes: Buffer
  /** By entry, in order. */
  expected: Map<string, Sent['whole'][]>
}

/** Frames of several entries, each entry's in order, mixed with one another and with heartbeats. */
const stream: fc.Arbitrary<Stream> = fc
  .record({
    entries: fc.uniqueArray(fc.tuple(id, fc.array(answer, { maxLength: 4 })), { selector: ([name]) => name }),
    turns: fc.array(fc.nat(), { maxLength: 60 }),
  })
  .map(({ entries, turns }) => {
    const sent = entries.map(([name, answers]) => ({ name, answers: answers.map((each) => cut(name, each)) }))
    const queues = sent.map(({ answers }) => answers.flatMap(({ frames }) => frames))
    return {
      bytes: Buffer.concat(mixed(queues, turns)),
      expected: new Map(
        sent.map(({ name, answers }) => [
          name,
          answers.map(({ whole }) => whole).filter((each) => each !== null),
        ]),
      ),
    }
  })

function mixed(queues: Buffer[][], turns: number[]): Buffer[] {
  const out: Buffer[] = []
  for (const turn of turns) {
    const place = turn % (queues.length + 1) // one place more than queues: a heartbeat
    out.push(queues[place]?.shift() ?? HEARTBEAT)
  }
  return [...out, ...queues.flat()]
}

const byEntry = (frames: LiveFrame[]) => Map.groupBy(frames.map(plain), ({ id }) => id)

const withoutEmpty = (expected: Stream['expected']) =>
  new Map([...expected].filter(([, answers]) => answers.length > 0))

describe('any stream', () => {
  it('gives every whole answer once, in order for each entry, wherever the network cuts it', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), ({ bytes, expected }, cuts) => {
        const decoder = new LiveFrameDecoder()
        const received = chunked(bytes, cuts).flatMap((chunk) => decoder.push(chunk))
        expect(byEntry(received)).toEqual(withoutEmpty(expected))
      }),
      { numRuns: 500 },
    )
  })

  it('that ends early gives the answers that were whole by then, and nothing of others', () => {
    fc.assert(
      fc.property(stream, fc.nat(), ({ bytes, expected }, end) => {
        const received = byEntry(new LiveFrameDecoder().push(bytes.subarray(0, end % (bytes.length + 1))))
        for (const [name, answers] of received) {
          expect(answers).toEqual(expected.get(name)?.slice(0, answers.length))
        }
      }),
    )
  })

  it('gives nothing of entries that are not known, and the others’ answers all the same', () => {
    fc.assert(
      fc.property(stream, fc.uniqueArray(id), ({ bytes, expected }, unknown) => {
        const decoder = new LiveFrameDecoder({ isKnown: (each) => !unknown.includes(each) })
        const theirs = [...expected].filter(([name]) => !unknown.includes(name))
        expect(byEntry(decoder.push(bytes))).toEqual(withoutEmpty(new Map(theirs)))
      }),
    )
  })
})

const LIMITS = { headBytes: 300, answerBytes: 40, isKnown: (each: string) => ['1', '2', '3'].includes(each) }
const MOST_HELD = LIMITS.headBytes + 3 * LIMITS.answerBytes

/** Whatever the bytes are: answers within the bounds or a LiveFrameError, and never more held than the bounds. */
function survives(chunks: Uint8Array[]): void {
  const decoder = new LiveFrameDecoder(LIMITS)
  try {
    for (const chunk of chunks) {
      for (const { status, body } of decoder.push(chunk)) {
        expect(status).toSatisfy((it: number) => it >= 200 && it <= 599)
        expect(body.length).toBeLessThanOrEqual(LIMITS.answerBytes)
      }
      expect(decoder.heldBytes).toBeLessThanOrEqual(MOST_HELD)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(LiveFrameError)
  }
}

describe('bytes that are not to be trusted', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 10 })

  it('of any kind are frames or refused', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), survives))
  })

  it('that were frames once are frames or refused', () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 9 }),
      insert: fc.uint8Array({ maxLength: 9 }),
    })
    fc.assert(
      fc.property(stream, fc.array(edit, { minLength: 1, maxLength: 5 }), cuts, ({ bytes }, edits, at) => {
        const mutated = edits.reduce((before, { at, remove, insert }) => {
          const place = at % (before.length + 1)
          return Buffer.concat([before.subarray(0, place), insert, before.subarray(place + remove)])
        }, bytes)
        survives(chunked(mutated, at))
      }),
      { numRuns: 1000 },
    )
  })

  it('with heads that fit together by chance only are frames or refused', () => {
    const field = fc.oneof(
      fc.constantFrom<unknown>(0, 1, 7, 200, -1, 1e9, '1', '2', null, {}, [], true),
      fc.jsonValue(),
    )
    const head = fc.record(
      { i: fc.oneof(id, field), s: field, h: field, n: field, more: field },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.array(fc.oneof(head, fc.uint8Array({ maxLength: 9 })), { maxLength: 12 }),
        cuts,
        (parts, at) => {
          const bytes = parts.map((part) =>
            part instanceof Uint8Array ? part : Buffer.from(`${JSON.stringify(part)}\n`),
          )
          survives(chunked(Buffer.concat(bytes), at))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('never begin more answers than are held for known entries', () => {
    const decoder = new LiveFrameDecoder(LIMITS)
    for (let n = 0; n < 100; n++) decoder.push(frame(String(n), OK, 'x'.repeat(LIMITS.answerBytes), true))
    expect(decoder.heldBytes).toBe(3 * LIMITS.answerBytes)
  })
})
