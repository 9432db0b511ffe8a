import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { liveRequest } from '#app/sync/live-request.ts'
import { Subscription } from '#app/sync/subscription.ts'
import { AppError } from '#server/errors.ts'
import { parseLiveRequest } from './live-request.ts'

const ENTRY = { id: '1', shape: 'todos', token: 0, handle: 'h', offset: '0_0' }
const SESSION = '0199f0a0-0000-7000-8000-000000000001'

const open = (body: object) => parseLiveRequest(JSON.stringify(body), 'open')
const change = (body: object) => parseLiveRequest(JSON.stringify(body), 'change')

function expectInvalid(parse: () => unknown): void {
  expect(parse).toThrow(expect.objectContaining({ name: 'AppError', code: 'invalid' }))
}

describe('a request', () => {
  it('opens a stream with entries that name their token by its place', () => {
    const entry = { ...ENTRY, session_id: SESSION, token: 1, cursor: '7' }
    expect(open({ tokens: ['a', 'b'], entries: [entry] })).toEqual({
      tokens: ['a', 'b'],
      entries: [entry],
      drop: [],
      once: false,
    })
    expect(open({ tokens: ['a'], entries: [ENTRY], once: true }).once).toBe(true)
  })

  it('changes a stream by tokens alone, entries alone (with their tokens), or ids to drop', () => {
    expect(change({ tokens: ['a'], entries: [], drop: [] }).tokens).toEqual(['a'])
    expect(change({ tokens: ['a'], entries: [ENTRY], drop: [] }).entries).toEqual([ENTRY])
    expect(change({ tokens: [], entries: [], drop: ['1', '2'] }).drop).toEqual(['1', '2'])
  })

  const many = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n))
  const entries = (count: number) => many(count, (n) => ({ ...ENTRY, id: String(n) }))

  it('may name a thousand entries, on 250 tokens', () => {
    expect(open({ tokens: many(250, String), entries: entries(1000) }).entries).toHaveLength(1000)
    expect(change({ tokens: [], entries: [], drop: many(1000, String) }).drop).toHaveLength(1000)
  })

  it.each<[string, object]>([
    ['nothing', {}],
    ['no entries', { tokens: ['a'], entries: [] }],
    ['too many entries', { tokens: ['a'], entries: entries(1001) }],
    ['half a character', { tokens: ['a'], entries: [{ ...ENTRY, cursor: '\ud800' }] }],
    ['too many tokens', { tokens: many(251, String), entries: [ENTRY] }],
    ['an empty token', { tokens: [''], entries: [ENTRY] }],
    ['a token that is too long', { tokens: ['x'.repeat(2049)], entries: [ENTRY] }],
    ['a token that is not there', { tokens: ['a'], entries: [{ ...ENTRY, token: 1 }] }],
    ['a negative place', { tokens: ['a'], entries: [{ ...ENTRY, token: -1 }] }],
    ['half a place', { tokens: ['a'], entries: [{ ...ENTRY, token: 0.5 }] }],
    ['a token in the entry itself', { tokens: ['a'], entries: [{ ...ENTRY, token: 'a' }] }],
    ['an id twice', { tokens: ['a'], entries: [ENTRY, { ...ENTRY, shape: 'b' }] }],
    ['an empty id', { tokens: ['a'], entries: [{ ...ENTRY, id: '' }] }],
    ['an id that is too long', { tokens: ['a'], entries: [{ ...ENTRY, id: 'x'.repeat(65) }] }],
    ['a session that is none', { tokens: ['a'], entries: [{ ...ENTRY, session_id: 'x' }] }],
    ['an entry with more than there is', { tokens: ['a'], entries: [{ ...ENTRY, where: 'true' }] }],
    ['more than there is', { tokens: ['a'], entries: [ENTRY], table: 'todos' }],
    ['something to drop', { tokens: ['a'], entries: [ENTRY], drop: ['1'] }],
    ['another word for once', { tokens: ['a'], entries: [ENTRY], once: 1 }],
  ])('with %s does not open a stream', (_what, body) => {
    expectInvalid(() => open(body))
  })

  it.each<[string, object]>([
    ['nothing to change', { tokens: [], entries: [], drop: [] }],
    ['a part missing', { tokens: ['a'], entries: [] }],
    ['too much to drop', { tokens: [], entries: [], drop: many(1001, String) }],
    ['an empty id to drop', { tokens: [], entries: [], drop: [''] }],
    ['an entry without its token', { tokens: [], entries: [ENTRY], drop: [] }],
    ['once', { tokens: ['a'], entries: [ENTRY], drop: [], once: true }],
  ])('with %s does not change one', (_what, body) => {
    expectInvalid(() => change(body))
  })

  it.each(['', '{', 'null', '7', '[]', '"x"'])('of %j is none', (text) => {
    expectInvalid(() => parseLiveRequest(text, 'open'))
    expectInvalid(() => parseLiveRequest(text, 'change'))
  })
})

/** As Electric makes them. */
const word = (bounds: { minLength?: number; maxLength: number }) =>
  fc.string({
    ...bounds,
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  })
const place = fc.record({
  shape: fc.string({ minLength: 1, maxLength: 64 }),
  scope: fc.option(fc.uuid()),
  position: fc.record(
    {
      handle: word({ minLength: 1, maxLength: 256 }),
      offset: word({ minLength: 1, maxLength: 64 }),
      cursor: word({ maxLength: 64 }),
    },
    { requiredKeys: ['handle', 'offset'] },
  ),
  token: fc.oneof(fc.constantFrom('one', 'two'), fc.string({ minLength: 1, maxLength: 2048 })),
})

describe('what the page asks for', () => {
  it('is read as it was meant, and no token is sent twice', () => {
    fc.assert(
      fc.property(
        fc.array(place, { minLength: 1, maxLength: 20 }),
        fc.array(fc.constantFrom('one', 'two', 'three')),
        fc.array(fc.string({ minLength: 1, maxLength: 64 })),
        (places, renewed, drop) => {
          const asked = liveRequest(
            places.map(({ shape, scope, position, token }, index) => [
              String(index),
              {
                subscription: new Subscription({}, shape, scope, position),
                token: { token, expiresAtMs: 0 },
              },
            ]),
            renewed,
          )
          expect(new Set(asked.tokens).size).toBe(asked.tokens.length)
          const opened = parseLiveRequest(JSON.stringify(asked), 'open')
          const changed = parseLiveRequest(JSON.stringify({ ...asked, drop }), 'change')
          expect(changed).toEqual({ ...opened, drop })
          expect(opened.tokens).toEqual(expect.arrayContaining(renewed))
          expect(
            opened.entries.map(({ token, ...rest }) => ({ ...rest, token: opened.tokens[token] })),
          ).toEqual(
            places.map(({ shape, scope, position, token }, index) => ({
              id: String(index),
              shape,
              ...(scope !== null && { session_id: scope }),
              token,
              ...position,
            })),
          )
        },
      ),
    )
  })
})

const FIELDS = new Set(['id', 'shape', 'session_id', 'token', 'handle', 'offset', 'cursor'])

/** Whatever the text is: `invalid`, or a request that keeps every rule. */
function isReadOrRefused(text: string, kind: 'open' | 'change'): void {
  try {
    const { tokens, entries, drop, once } = parseLiveRequest(text, kind)
    expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length)
    for (const entry of entries) {
      expect(Object.keys(entry).filter((key) => !FIELDS.has(key))).toEqual([])
      expect(tokens[entry.token]).toBeTypeOf('string')
    }
    if (kind === 'open') expect({ drop, some: entries.length > 0 }).toEqual({ drop: [], some: true })
    else
      expect({ once, some: tokens.length + entries.length + drop.length > 0 }).toEqual({
        once: false,
        some: true,
      })
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect(error).toHaveProperty('code', 'invalid')
  }
}

describe('requests that are not to be trusted', () => {
  const kind = fc.constantFrom('open' as const, 'change' as const)

  it('of any JSON or text are read by the rules or refused', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), kind, isReadOrRefused))
  })

  it('that look like requests are read by the rules or refused', () => {
    const odd = fc.oneof(
      fc.constantFrom<unknown>(0, 1, '', '1', 'x'.repeat(300), null, [], {}),
      fc.jsonValue(),
    )
    const mostly = <T>(usual: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd })
    const entry = fc.record(
      {
        id: mostly(fc.constantFrom('1', '2', '3')),
        shape: mostly(fc.constant('todos')),
        session_id: mostly(fc.uuid()),
        token: mostly(fc.nat({ max: 3 })),
        handle: mostly(fc.string({ minLength: 1 })),
        offset: mostly(fc.constant('0_0')),
        cursor: mostly(fc.string()),
      },
      { requiredKeys: ['id', 'shape', 'token', 'handle', 'offset'] },
    )
    const request = fc.record(
      {
        tokens: mostly(fc.array(mostly(fc.string({ minLength: 1 })), { maxLength: 4 })),
        entries: mostly(fc.array(mostly(entry), { maxLength: 3 })),
        drop: mostly(fc.array(mostly(fc.string()), { maxLength: 3 })),
        once: mostly(fc.boolean()),
      },
      { requiredKeys: ['tokens', 'entries'] },
    )
    fc.assert(
      fc.property(request, kind, (body, as) => isReadOrRefused(JSON.stringify(body), as)),
      { numRuns: 1000 },
    )
  })

  it('that were requests once are read by the rules or refused', () => {
    const valid = JSON.stringify({ tokens: ['a'], entries: [{ ...ENTRY, session_id: SESSION }], drop: ['2'] })
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat({ max: 9 }),
        fc.string({ maxLength: 9 }),
        kind,
        (at, remove, insert, as) => {
          const place = at % (valid.length + 1)
          isReadOrRefused(valid.slice(0, place) + insert + valid.slice(place + remove), as)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
