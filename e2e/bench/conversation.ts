import type { Sql } from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import type { MutationName } from '#db/inputs/index.ts'
import { LOCAL_ACCOUNT_ID } from '#db/local-account.ts'
import { expectOk, type HttpClient } from './http-client.ts'

/** A session with one thread, and the two ways to put a message into it. */
export interface Conversation {
  sessionId: string
  /** As a tab does it: `POST /api/mutations`. */
  send(http: HttpClient, id?: string): Promise<void>
  /** The same row by one statement, without anything of ours in between. */
  insert(sql: Sql, id?: string): Promise<void>
}

const TEXT = 'A message as people write them: a sentence or two, not much more than this.'

export async function startConversation(appUrl: string, http: HttpClient): Promise<Conversation> {
  const [sessionId, threadId] = [uuidv7(), uuidv7()]
  const mutate = async (client: HttpClient, name: MutationName, input: object) => {
    const answer = await client.post(`${appUrl}/api/mutations`, {
      mutations: [{ id: uuidv7(), name, input }],
    })
    const { results } = JSON.parse(expectOk(answer).toString())
    if (!results[0].ok) throw new Error(`${name} was refused: ${results[0].error.message}`)
  }
  await mutate(http, 'sessions.create', { id: sessionId, title: 'Measured' })
  const thread = { id: threadId, session_id: sessionId, mode: 'general', title: 'General' }
  await mutate(http, 'chat_threads.create', thread)
  const row = { session_id: sessionId, thread_id: threadId }
  return {
    sessionId,
    send: (client, id = uuidv7()) => mutate(client, 'chat_messages.send', { id, ...row, content: TEXT }),
    insert: async (sql, id = uuidv7()) => {
      const author_account_id = LOCAL_ACCOUNT_ID
      await sql`insert into chat_messages ${sql({ ...row, id, author_account_id, position: 0, role: 'user', content: TEXT })}`
    },
  }
}
