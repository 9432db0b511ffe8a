import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recountSession } from '#db/counters.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, inviteBy, makeWorld, outcome, row, rows, type World } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const at = (column: string) => sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`)

interface Message {
  id: string
  thread_id: string
  author: string
  content: string
  sent: string
  removed: boolean
}

/** What the counters must be, worked out from messages, threads and members alone. */
async function expected(sessionId: string) {
  const messages = await rows<Message & Record<string, unknown>>(
    database.db,
    sql`select id, thread_id, author_account_id as author, content, ${at('created_at')} as sent, removed_at is not null as removed
        from chat_messages where session_id = ${sessionId} order by created_at`,
  )
  const members = await rows<{ id: string; name: string; live: boolean; read: string | null }>(
    database.db,
    sql`select m.account_id as id, m.display_name as name, m.left_at is null as live, ${at('i.last_read_at')} as read
        from session_members m left join inbox_entries i on i.session_id = m.session_id and i.account_id = m.account_id
        where m.session_id = ${sessionId} order by m.account_id`,
  )
  const threads = await rows<{ id: string }>(
    database.db,
    sql`select id from chat_threads where session_id = ${sessionId} order by id`,
  )
  const there = messages.filter((message) => !message.removed)
  const last = there.at(-1)
  const author = members.find((member) => member.id === last?.author)?.name
  return {
    session: {
      member_count: members.filter((member) => member.live).length,
      thread_count: threads.length,
      message_count: there.length,
      last: last?.sent ?? null,
    },
    threads: threads.map(({ id }) => {
      const own = there.filter((message) => message.thread_id === id)
      const newest = own.at(-1)
      return {
        id,
        last_position: messages.filter((message) => message.thread_id === id).length,
        message_count: own.length,
        preview: newest?.content ?? null,
        last: newest?.sent ?? null,
      }
    }),
    inbox: members
      .filter((member) => member.live)
      .map(({ id, read }) => ({
        id,
        unread: there.filter((message) => message.author !== id && (read === null || message.sent > read))
          .length,
        preview: last?.content ?? null,
        author: author ?? null,
        last: last?.sent ?? null,
      })),
  }
}

async function stored(sessionId: string) {
  return {
    session: await row(
      database.db,
      sql`select member_count, thread_count, message_count, ${at('last_message_at')} as last from sessions where id = ${sessionId}`,
    ),
    threads: await rows(
      database.db,
      sql`select id, last_position, message_count, last_message_preview as preview, ${at('last_message_at')} as last
          from chat_threads where session_id = ${sessionId} order by id`,
    ),
    inbox: await rows(
      database.db,
      sql`select account_id as id, unread_count as unread, last_message_preview as preview,
            last_message_author as author, ${at('last_message_at')} as last
          from inbox_entries where session_id = ${sessionId} order by account_id`,
    ),
  }
}

type Who = 'owner' | 'editor' | 'viewer' | 'stranger'
interface Step {
  who: Who
  what: 'send' | 'edit' | 'remove' | 'read' | 'thread' | 'removeThread' | 'leave' | 'join' | 'promote'
  pick: number
}

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom<Who>('owner', 'editor', 'viewer', 'stranger'),
  // Sending more often than the rest: otherwise most sequences have nothing to count.
  what: fc.constantFrom(
    ...(['send', 'send', 'send', 'edit', 'remove', 'read', 'thread', 'removeThread'] as const),
    ...(['leave', 'join', 'promote'] as const),
  ),
  pick: fc.nat({ max: 20 }),
})

interface Ids {
  threads: string[]
  messages: string[]
}

async function take({ who, what, pick }: Step, world: World, ids: Ids): Promise<string> {
  const { session_id } = world
  const as = (...[name, input]: [Parameters<typeof apply>[2], unknown]) =>
    outcome(apply(database.db, world[who], name, input))
  const thread_id = ids.threads[pick % ids.threads.length]
  const message = ids.messages[pick % ids.messages.length]
  const id = uuidv7()
  switch (what) {
    case 'send':
      ids.messages.push(id)
      return as('chat_messages.send', { id, session_id, thread_id, content: `message ${pick}` })
    case 'edit':
      return as('chat_messages.edit', { id: message, content: `edited ${pick}` })
    case 'remove':
      return as('chat_messages.remove', { id: message })
    case 'read':
      return as('inbox_entries.markRead', { session_id, message_id: message })
    case 'thread':
      ids.threads.push(id)
      return as('chat_threads.create', { id, session_id, mode: 'session', title: 'More' })
    case 'removeThread':
      return as('chat_threads.remove', { id: thread_id })
    case 'leave':
      return as('session_members.leave', { session_id })
    case 'join':
      return outcome(
        inviteBy(database.db, world.owner, session_id).then((token) =>
          apply(database.db, world[who], 'session_members.join', { token }),
        ),
      )
    case 'promote':
      return as('session_members.changeRole', { session_id, account_id: world.viewer, role: 'owner' })
  }
}

test('after anything that members do, every counter and preview says what the rows say', async () => {
  let applied = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const world = await makeWorld(database.db)
      const ids: Ids = { threads: [world.thread_id], messages: [world.message_id] }
      for (const taken of steps) if ((await take(taken, world, ids)) === 'applied') applied++
      const counters = await expected(world.session_id)
      expect(await stored(world.session_id)).toEqual(counters)
      await database.db.transaction(null, (tx) => recountSession(tx, world.session_id))
      expect(await stored(world.session_id)).toEqual(counters)
    }),
    { numRuns: 40 },
  )
  expect(applied).toBeGreaterThan(100)
})
