import { sql } from 'drizzle-orm'
import * as z from 'zod/mini'
import type { Database } from '#db/client.ts'
import { rowId, shortText } from '#db/inputs/fields.ts'
import { liveMember, requireRole } from '../access.ts'

export const searchInput = z.strictObject({
  session_id: rowId,
  query: shortText(200),
  limit: z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(100))),
})

export interface FoundMessage {
  id: string
  thread_id: string
  position: number
  author_account_id: string | null
  created_at: Date
  /** At most 200 characters around the first match. */
  snippet: string
}

const BEFORE = 60
const SNIPPET = 200

/**
 * Messages of a session that contain a text, in whatever case, newest first.
 * @throws AppError not_found for who does not take part.
 */
export async function searchMessages(
  db: Database,
  caller: { accountId: string },
  { session_id, query, limit = 50 }: z.output<typeof searchInput>,
): Promise<FoundMessage[]> {
  const { value } = await db.transaction(caller.accountId, async (tx) => {
    requireRole(await liveMember(tx, session_id, caller.accountId), 'viewer')
    // Index scan backward on chat_messages_unread (session_id, created_at), filtered, until the limit is reached.
    // position(), not LIKE: in a text that somebody typed % and _ are themselves.
    const at = sql`position(lower(${query}) in lower(content))`
    return tx.execute<Omit<FoundMessage, 'created_at'> & { created_at: string }>(sql`
      select id, thread_id, position, author_account_id, created_at,
        substr(content, greatest(1, ${at} - ${BEFORE}::int), ${SNIPPET}::int) as snippet
      from chat_messages
      where session_id = ${session_id} and removed_at is null and ${at} > 0
      order by created_at desc, id desc limit ${limit}`)
  })
  return value.map((message) => ({ ...message, created_at: new Date(message.created_at) }))
}
