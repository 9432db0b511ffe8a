import { expect, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from './database.ts'
import {
  createSession,
  createThread,
  invite,
  joinAsGuest,
  localPerson,
  mutate,
  type Person,
  readShape,
  type ShapeReader,
} from './people.ts'
import { type App, type Stack, startSecondApp, startStack, until } from './stack.ts'

const WRITERS = 20
const MESSAGES_EACH = 50
const TOTAL = WRITERS * MESSAGES_EACH

let stack: Stack
let second: App
test.beforeAll(async () => {
  stack = await startStack()
  second = await startSecondApp(stack)
})
test.afterAll(async () => {
  await second?.stop()
  await stack?.stop()
})

test('20 writers and 1,000 messages through two apps leave one order that every reader ends with', async () => {
  const owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'Many writers')
  const thread_id = await createThread(owner, session_id, 'One thread')
  const token = await invite(owner, session_id, 'editor', WRITERS)
  const guests = await Promise.all(
    Array.from({ length: WRITERS }, (_, n) => joinAsGuest(stack.url, token, `Writer ${n}`)),
  )
  const writers = guests.map((guest, n) => (n % 2 ? { ...guest, url: second.url } : guest))
  const readers = [owner, ...writers.slice(0, 3)].map((person) =>
    readShape(person, 'chat_messages', session_id),
  )

  const sent = await Promise.all(writers.map((writer) => writeAll(writer, { session_id, thread_id })))

  const sql = openDatabase(stack.ownerUrl)
  const rows = await sql<{ id: string; position: string; content: string }[]>`
    select id, position::text, content from chat_messages where thread_id = ${thread_id} order by chat_messages.position`
  await sql.end()
  expect(rows.map(({ position }) => Number(position))).toEqual(
    Array.from({ length: TOTAL }, (_, index) => index + 1),
  )
  expect(rows.map(({ id }) => id).sort()).toEqual(sent.flat().sort())
  for (const reader of readers) {
    await until(
      () => reader.rows.size >= TOTAL,
      60_000,
      () => `${reader.rows.size} rows: ${reader.error}`,
    )
    expect(inOrder(reader)).toEqual(rows)
    expect(reader.impossible).toEqual([])
    reader.close()
  }
})

/** Every fifth mutation is sent twice at the same moment, once through each app. */
async function writeAll(writer: Person, place: { session_id: string; thread_id: string }): Promise<string[]> {
  const other = { ...writer, url: writer.url === stack.url ? second.url : stack.url }
  const ids = Array.from({ length: MESSAGES_EACH }, () => uuidv7())
  for (const [n, id] of ids.entries()) {
    const mutationId = uuidv7()
    const input = { id, ...place, content: `Message ${n} of ${writer.accountId}` }
    const doors = n % 5 === 0 ? [writer, other] : [writer]
    const answers = await Promise.all(
      doors.map((door) => mutate(door, 'chat_messages.send', input, mutationId)),
    )
    expect(new Set(answers.map(({ txid }) => txid)).size).toBe(1)
  }
  return ids
}

function inOrder(reader: ShapeReader) {
  return [...reader.rows.values()]
    .map(({ id, position, content }) => ({ id, position, content }))
    .sort((a, b) => Number(a.position) - Number(b.position))
}
