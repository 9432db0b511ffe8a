import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonElement } from './json-array.ts'
import type { PlannedRecord } from './plan.ts'
import { message, thread } from './testing-records.ts'
import { legacySession } from './viewer/sessions.ts'
import { planViewer, type ViewerRecords } from './viewer.ts'

const OWNER = { accountId: '01890000-0000-7000-8000-000000000001', now: new Date('2026-01-01T00:00:00Z') }

function plan(records: Partial<Record<keyof ViewerRecords, unknown[]>>) {
  const elements = (values: unknown[] = []): JsonElement[] =>
    values.map((value) => ({ value, raw: JSON.stringify(value) }))
  const { messages, threads, toolEvents } = records
  const input = {
    messages: elements(messages),
    threads: elements(threads),
    toolEvents: elements(toolEvents),
  }
  return planViewer(input, OWNER)
}

const valuesOf = (record: PlannedRecord | undefined) =>
  record?.outcome.is === 'row' ? record.outcome.row.values : undefined
const one = (records: Parameters<typeof plan>[0], identity: string) => {
  const record = plan(records).records.find((found) => found.identity === identity)
  return { values: valuesOf(record), is: record?.outcome.is, reasons: record?.reasons.join('; ') }
}

describe('whatever the files hold', () => {
  const names = ['id', 'sessionId', 'threadId', 'mode', 'role', 'content', 'status', 'createdAt', 'updatedAt']
  const more = ['title', 'clientMessageId', 'evidence', 'contextEvents', 'arguments', 'result', 'startedAt']
  const garbage = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom(...names, ...more, 'toolName', 'latencyMs', '__proto__'),
      fc.oneof(
        fc.constantFrom('a', 'b', 'session', 'user', 'session-default', '', '\0', '\ud800', 'x'.repeat(300)),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.jsonValue(),
      ),
    ),
  )
  const files = fc.record({
    messages: fc.array(garbage, { maxLength: 30 }),
    threads: fc.array(garbage, { maxLength: 10 }),
    toolEvents: fc.array(garbage, { maxLength: 10 }),
  })

  test('every record is accounted for once, under an identity of its own', () => {
    fc.assert(
      fc.property(files, (records) => {
        const { records: planned } = plan(records)
        const expected = {
          message: records.messages,
          thread: records.threads,
          tool_event: records.toolEvents,
        }
        for (const [kind, read] of Object.entries(expected)) {
          const ofKind = planned.filter((record) => record.kind === kind)
          expect(ofKind).toHaveLength(read.length)
          expect(new Set(ofKind.map(({ identity }) => identity)).size).toBe(read.length)
          expect(ofKind.map(({ raw }) => raw).sort()).toEqual(
            read.map((value) => JSON.stringify(value)).sort(),
          )
        }
      }),
    )
  })

  test('a record that becomes no row says why, and a row sits in a planned session and thread', () => {
    fc.assert(
      fc.property(files, (records) => {
        const { records: planned, sessions, extraThreads } = plan(records)
        const threads = new Map(extraThreads)
        for (const { outcome, reasons } of planned) {
          if (outcome.is !== 'row') expect(reasons).not.toEqual([])
          if (outcome.is === 'row' && outcome.row.table === 'chat_threads') {
            threads.set(outcome.row.values.id, outcome.row.values)
          }
        }
        for (const { outcome } of planned) {
          if (outcome.is !== 'row') continue
          const { values } = outcome.row
          expect(sessions.has(values.session_id)).toBe(true)
          if (!('thread_id' in values) || values.thread_id === null) continue
          expect(threads.get(values.thread_id)?.session_id).toBe(values.session_id)
        }
      }),
    )
  })

  test('the same files give the same plan', () => {
    fc.assert(
      fc.property(files, (records) => {
        expect(plan(records)).toEqual(plan(records))
      }),
    )
  })
})

describe('order', () => {
  test('messages are read by time, whatever their place in the file; a question before its answer', () => {
    const at = (time: string) => ({ createdAt: `2025-12-19T14:${time}.000Z` })
    const messages = [
      message('c', { ...at('02:00'), role: 'assistant' }),
      message('a', { ...at('03:00') }),
      message('b', { ...at('02:00') }),
      message('d', { ...at('01:00') }),
    ]
    expect(plan({ messages }).records.map(({ identity }) => identity)).toEqual(['d', 'b', 'c', 'a'])
  })
})

describe('threads that are not what they should be', () => {
  test('a message without a thread goes to the first active one of its session and mode', () => {
    const threads = [
      thread('other', { mode: 'general' }),
      thread('archived', { status: 'archived', createdAt: '2025-11-01T00:00:00.000Z' }),
      thread('late', { createdAt: '2025-12-05T00:00:00.000Z' }),
      thread('active', { createdAt: '2025-12-03T00:00:00.000Z' }),
    ]
    const { values } = one({ threads, messages: [message('m', { threadId: undefined })] }, 'm')
    expect(values).toMatchObject({ thread_id: one({ threads }, 'active').values?.id })
  })

  test('without any it opens one', () => {
    const { extraThreads } = plan({ messages: [message('m', { threadId: undefined, mode: 'general' })] })
    expect([...extraThreads.values()]).toMatchObject([{ title: 'General', mode: 'general' }])
  })

  test('a thread that nobody describes is recovered under its name, as old as its first message', () => {
    const messages = [message('b', { createdAt: '2025-12-19T15:00:00.000Z' }), message('a')]
    const { extraThreads } = plan({ messages })
    expect([...extraThreads.values()]).toMatchObject([
      { title: 'Recovered thread · thread_1', created_at: new Date('2025-12-19T14:00:00.000Z') },
    ])
  })

  test('a message stays in its own session when its thread is of another', () => {
    const records = {
      threads: [thread('thread_1', { sessionId: 'session-unbound' })],
      messages: [message('m')],
    }
    const { values, reasons } = one(records, 'm')
    expect(values?.session_id).not.toBe(one(records, 'thread_1').values?.session_id)
    expect(reasons).toContain('its thread belongs to another session')
  })

  test('a message of another mode stays in its thread, noted', () => {
    const records = { threads: [thread('thread_1', { mode: 'general' })], messages: [message('m')] }
    expect(one(records, 'm').values).toMatchObject({ thread_id: one(records, 'thread_1').values?.id })
    expect(one(records, 'm').reasons).toContain('its mode is session, its thread’s general')
  })
})

describe('records that come twice', () => {
  test('the first of an id wins; the same again and another under its id are merged into it', () => {
    const messages = [message('m'), message('m'), message('m', { content: 'other' })]
    const planned = plan({ messages }).records
    expect(planned.map(({ outcome }) => outcome.is)).toEqual(['row', 'merged', 'merged'])
    expect(planned.map(({ reasons }) => reasons[0])).toEqual([
      'no record describes its thread: put into a recovered one',
      'an earlier record is the same',
      expect.stringContaining('an earlier record has the same id and wins'),
    ])
  })

  test('a message sent again under its clientMessageId is merged; another text under it is not', () => {
    const messages = [
      message('a', { clientMessageId: 'k', content: 'hello' }),
      message('b', { clientMessageId: 'k', content: 'hello', createdAt: '2025-12-19T14:00:01.000Z' }),
      message('c', { clientMessageId: 'k', createdAt: '2025-12-19T14:00:02.000Z', content: 'other' }),
    ]
    expect(one({ messages }, 'b').is).toBe('merged')
    expect(one({ messages }, 'c').values).toMatchObject({ content: 'other', client_message_id: null })
  })

  test('the same text without a clientMessageId is another message', () => {
    const { records } = plan({
      messages: [message('a', { content: 'hello' }), message('b', { content: 'hello' })],
    })
    expect(records.every(({ outcome }) => outcome.is === 'row')).toBe(true)
  })
})

describe('fields that are not what they should be', () => {
  test.each([
    ['no object', 'text', 'it is not an object'],
    ['no id', message('', { id: undefined }), 'it has no id'],
    ['an id that is a number', { ...message(''), id: 7 }, 'it has no id'],
    ['U+0000', message('m', { content: 'a\0b' }), 'holds U+0000'],
    ['101 KB', message('m', { content: 'é'.repeat(51_201) }), 'larger than 100 KB'],
  ])('a message with %s is quarantined, saying why', (_, record, why) => {
    const [planned] = plan({ messages: [record] }).records
    expect(planned?.outcome).toEqual({ is: 'quarantined' })
    expect(planned?.reasons.join()).toContain(why)
  })

  test.each([
    [{ createdAt: 'yesterday' }, { created_at: new Date('2025-12-19T14:00:00.000Z') }, 'updatedAt taken'],
    [{ createdAt: 1, updatedAt: '1' }, { created_at: new Date(1) }, ''],
    [
      { createdAt: null, updatedAt: '1' },
      { created_at: new Date('2025-12-19T13:00:00.000Z') },
      'the beginning of its thread taken',
    ],
    [{ createdAt: '2025-12-19T14:00:00' }, { created_at: new Date('2025-12-19T14:00:00.000Z') }, ''],
    [{ role: 'bot' }, { role: 'system', author_account_id: null }, 'role "bot" is unknown: taken as system'],
    [{ role: 'bot', clientMessageId: 'k' }, { role: 'user' }, 'taken as user'],
    [{ mode: 'x' }, {}, 'mode "x" is unknown: taken as session'],
    [{ content: null }, { content: '' }, 'content is absent: empty'],
    [{ content: '' }, { content: '' }, ''],
    [{ content: ['a'] }, { content: '["a"]' }, 'shown as JSON'],
    [{ content: 'a\ud800' }, { content: 'a\ufffd' }, 'halves of characters'],
    [{ clientMessageId: 'k'.repeat(201) }, { client_message_id: null }, 'clientMessageId is not a text'],
    [{ evidence: [{ path: 'a', x: 1 }, 7] }, { evidence: [{ path: 'a' }] }, '1 of evidence left out'],
    [{ contextEvents: {} }, { cited_events: null }, 'contextEvents is not a list'],
    [{ updatedAt: '2025-12-19T15:00:00.000Z' }, { edited_at: new Date('2025-12-19T15:00:00.000Z') }, ''],
    [{ role: 'assistant' }, { author_account_id: null }, ''],
  ])('a message with %j is taken as near as can be', (rest, expected, why) => {
    const { values, reasons } = one({ threads: [thread('thread_1')], messages: [message('m', rest)] }, 'm')
    expect(values).toMatchObject(expected)
    expect(reasons).toContain(why)
  })

  test('a message without any time is as old as the import', () => {
    const messages = [message('m', { createdAt: 'never', updatedAt: undefined })]
    expect(one({ messages }, 'm').values).toMatchObject({ created_at: OWNER.now })
  })

  test.each([
    [{ status: 'executing' }, { status: 'abandoned', completed_at: null }],
    [{ status: 'pending' }, { status: 'abandoned' }],
    [{ status: 'done' }, { status: 'abandoned' }],
    [
      { status: 'executing', result: { a: 1 } },
      { status: 'succeeded', result: { a: 1 } },
    ],
    [
      { status: 'done', error: 'no' },
      { status: 'failed', error: 'no', result: null },
    ],
    [
      { status: 'failed', error: { code: 1 }, result: 1 },
      { error: '{"code":1}', result: null },
    ],
    [
      { status: 'succeeded', error: 'late' },
      { status: 'succeeded', error: null },
    ],
    [{ arguments: { text: 'a\0' } }, { arguments: null }],
    [{ arguments: { text: 'a\\u0000' } }, { arguments: { text: 'a\\u0000' } }],
    [{ toolName: '' }, { tool_name: 'unknown' }],
    [{ latencyMs: -1 }, { latency_ms: null }],
    [{ latencyMs: 12.7 }, { latency_ms: 12 }],
    [{ threadId: null }, { thread_id: null }],
  ])('a tool event with %j ends as it can only have ended', (rest, expected) => {
    const event = {
      id: 'e',
      sessionId: 's',
      threadId: null,
      toolCallId: '1',
      toolName: 'list',
      arguments: {},
    }
    const toolEvents = [{ ...event, status: 'executing', startedAt: '2025-12-19T14:00:00Z', ...rest }]
    expect(one({ toolEvents }, 'e').values).toMatchObject(expected)
  })

  test('JSON nested deeper than PostgreSQL can read is left out', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)
    const element = { id: 'e', sessionId: 's', toolName: 'x', status: 'failed', arguments: deep }
    expect(one({ toolEvents: [element] }, 'e').values).toMatchObject({ arguments: null })
  })

  test.each([
    ['', 'Session Coach'],
    [undefined, 'Session Coach'],
    ['two\nlines\0', 'two lines'],
    ['x'.repeat(201), `${'x'.repeat(199)}…`],
    ['Session Coach(chat).test.md', 'Session Coach(chat).test.md'],
  ])('a thread titled %j is titled %j', (title, expected) => {
    expect(one({ threads: [thread('t', { title })] }, 't').values).toMatchObject({ title: expected })
  })
})

test.each([
  [
    'session-75706c6f6164732f7e2f2e636f6465782f736573',
    'Unresolved legacy session · uploads/~/.codex/ses',
    'codex',
  ],
  [
    'session-75706c6f6164732f7e2f2e67656d696e692f746d',
    'Unresolved legacy session · uploads/~/.gemini/tm',
    'gemini',
  ],
  ['session-75706c6f6164732f612e6a736f6e', 'Legacy session · uploads/a.json', null],
  ['session-default', 'Legacy session without a log (session-default)', null],
  ['session-unbound', 'Legacy session without a path (session-unbound)', null],
  ['session-zz', 'Unresolved legacy session · session-zz', null],
  ['session-ff', 'Unresolved legacy session · session-ff', null],
  ['session-0a', 'Unresolved legacy session · session-0a', null],
])('the old session %s is titled “%s”', (legacyId, title, agent) => {
  expect(legacySession(legacyId)).toEqual({ title, agent })
})

test('two owners of the same files get different ids', () => {
  const records: ViewerRecords = { messages: [], threads: [{ value: thread('t'), raw: '' }], toolEvents: [] }
  const ids = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'].map(
    (accountId) => {
      const { records: planned, sessions } = planViewer(records, { ...OWNER, accountId })
      return [valuesOf(planned[0])?.id, ...sessions.keys()]
    },
  )
  expect(new Set(ids.flat()).size).toBe(4)
})
