import { randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'
import { LOCAL_ACCOUNT_ID } from '#db/local-account.ts'
import { marker } from './markers.ts'
import { now } from './processes/calls.ts'

/** A session with one thread. */
export interface Place {
  sessionId: string
  threadId: string
}

const CONTENT = 'The test that failed last night passes here, so I looked at the "order" again. '
  .repeat(4)
  .slice(0, 300)

/** Sessions with so many messages each. */
export async function newSessions(
  sql: Sql,
  count: number,
  { messages, characters }: { messages: number; characters: number },
): Promise<Place[]> {
  const places = Array.from({ length: count }, () => ({ sessionId: randomUUID(), threadId: randomUUID() }))
  const columns = columnsOf(places)
  await sql`
    insert into sessions (id, owner_account_id, title)
    select id, ${LOCAL_ACCOUNT_ID}, 'Measured' from unnest(${columns.sessions}::uuid[]) as id`
  await sql`
    insert into chat_threads (id, session_id, mode, title)
    select thread, session, 'general', 'General'
    from unnest(${columns.threads}::uuid[], ${columns.sessions}::uuid[]) as place(thread, session)`
  await sql`
    insert into chat_messages (id, session_id, thread_id, position, role, content)
    select gen_random_uuid(), session, thread, 0, 'assistant', left(repeat(${CONTENT}, 400), ${characters})
    from unnest(${columns.threads}::uuid[], ${columns.sessions}::uuid[]) as place(thread, session),
         generate_series(1, ${messages})`
  return places
}

let written = 0

/**
 * One transaction with a message for each of them.
 * @returns just before it was asked to commit, on the clock of all processes.
 */
export async function commitOneEach(sql: Sql, places: readonly Place[]): Promise<number> {
  const columns = columnsOf(places)
  const name = marker(written++)
  return sql.begin(async (tx) => {
    await tx`
      insert into chat_messages (id, session_id, thread_id, position, role, content, client_message_id)
      select gen_random_uuid(), session, thread, 0, 'assistant', ${CONTENT}, ${name}
      from unnest(${columns.threads}::uuid[], ${columns.sessions}::uuid[]) as place(thread, session)`
    return now()
  })
}

function columnsOf(places: readonly Place[]) {
  return {
    sessions: places.map(({ sessionId }) => sessionId),
    threads: places.map(({ threadId }) => threadId),
  }
}
