import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChatToolEvent, chatToolEvents, toolStatus } from '#db/schema/chat-tool-events.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, makeWorld, outcome, row, type World } from './testing.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
  world = await makeWorld(database.db)
})
afterAll(() => database.close())

const event = (id: string) =>
  row<ChatToolEvent & { took: number }>(
    database.db,
    sql`select *, round(extract(epoch from completed_at - started_at) * 1000)::int as took from chat_tool_events where id = ${id}`,
  )
const call = () => ({
  session_id: world.session_id,
  thread_id: world.thread_id,
  tool_name: 'read',
  arguments: { path: 'a.ts' },
})
const start = (id: string, changes = {}) =>
  outcome(apply(database.db, world.editor, 'chat_tool_events.start', { id, ...call(), ...changes }))
const succeed = (id: string, result: unknown) =>
  outcome(apply(database.db, world.editor, 'chat_tool_events.succeed', { id, result }))
const fail = (id: string, error: string) =>
  outcome(apply(database.db, world.editor, 'chat_tool_events.fail', { id, error }))

test.each([
  [{ lines: [1, 'two', null, { deep: true }] }],
  ['a text'],
  ['{"looks":"like JSON"}'],
  [0],
  [false],
  [null],
])('a tool event succeeds with the result %j and how long it took', async (result) => {
  const id = uuidv7()
  expect(await start(id)).toBe('applied')
  expect(await event(id)).toMatchObject({ status: 'executing', result: null, completed_at: null })
  expect(await succeed(id, result)).toBe('applied')
  const { took, ...done } = await event(id)
  expect(done).toMatchObject({ status: 'succeeded', result, error: null, latency_ms: took })
})

test('a tool event fails with its error', async () => {
  const id = uuidv7()
  await start(id, { thread_id: null })
  await fail(id, 'no such file')
  expect(await event(id)).toMatchObject({ status: 'failed', result: null, error: 'no such file' })
})

test('the same call started again is there already; another call by its id is a conflict', async () => {
  const id = uuidv7()
  await start(id)
  const { started_at } = await event(id)
  expect(await start(id)).toBe('applied')
  expect(await event(id)).toMatchObject({ status: 'executing', started_at })
  expect(await start(id, { tool_name: 'write' })).toBe('conflict')
})

test('nothing starts in an archived session, but what runs there can end', async () => {
  const { db } = database
  const archived = await makeWorld(db)
  await apply(db, archived.owner, 'sessions.archive', { id: archived.session_id, archived: true })
  const input = { id: uuidv7(), ...call(), session_id: archived.session_id, thread_id: archived.thread_id }
  expect(await outcome(apply(db, archived.editor, 'chat_tool_events.start', input))).toBe('conflict')
  const end = { id: archived.tool_event_id, result: null }
  expect(await outcome(apply(db, archived.editor, 'chat_tool_events.succeed', end))).toBe('applied')
})

// The whole machine, said a second time.
function expectedAfter(
  status: ChatToolEvent['status'] | null,
  step: string,
): ChatToolEvent['status'] | 'refused' {
  if (step === 'start') {
    return status === null || status === 'pending' || status === 'executing' ? 'executing' : 'refused'
  }
  if (status !== 'executing') return 'refused'
  return step === 'succeed' ? 'succeeded' : 'failed'
}

test('whatever is done in whatever order, only the steps of the state machine are taken', async () => {
  const from = fc.constantFrom(null, ...toolStatus.enumValues)
  const steps = fc.array(fc.constantFrom('start', 'succeed', 'fail'), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(from, steps, async (initial, taken) => {
      const id = uuidv7()
      let status = initial
      if (status !== null) {
        const stored = { id, ...call(), status, started_at: new Date() }
        await database.db.transaction(null, (tx) => tx.insert(chatToolEvents).values(stored))
      }
      for (const step of taken) {
        const expected = expectedAfter(status, step)
        const result = step === 'start' ? start(id) : step === 'succeed' ? succeed(id, 1) : fail(id, 'broke')
        const missing = status === null && step !== 'start'
        expect(await result).toBe(missing ? 'not_found' : expected === 'refused' ? 'conflict' : 'applied')
        if (expected !== 'refused') status = expected
        if (status !== null) expect((await event(id)).status).toBe(status)
      }
    }),
    { numRuns: 60 },
  )
})
