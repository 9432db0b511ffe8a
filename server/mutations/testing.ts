import { createHash, randomBytes } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import { recountSession } from '#db/counters.ts'
import { insertAccount, insertMessage, shareSession } from '#db/factories.ts'
import type { MutationAnswer, MutationName } from '#db/inputs/index.ts'
import { chatToolEvents } from '#db/schema/chat-tool-events.ts'
import { invitations } from '#db/schema/invitations.ts'
import { AppError, must } from '../errors.ts'
import { applyMutation } from './index.ts'

/** A session of an owner, an editor and a viewer with one of everything in it, and somebody outside. */
export interface World {
  session_id: string
  thread_id: string
  owner: string
  editor: string
  viewer: string
  stranger: string
  /** By the editor. */
  message_id: string
  tool_event_id: string
  invitation_id: string
  token: string
}

export async function makeWorld(db: Database): Promise<World> {
  const { session_id, thread_id, accounts } = await shareSession(db, {
    Ada: 'owner',
    Ben: 'editor',
    Cleo: 'viewer',
  })
  const [owner, editor, viewer] = ['Ada', 'Ben', 'Cleo'].map((name) => must(accounts[name], name))
  const token = randomBytes(32).toString('base64url')
  const world = { session_id, thread_id, token, ...must3(owner, editor, viewer) }
  const ids = { tool_event_id: uuidv7(), invitation_id: uuidv7() }
  const { value } = await db.transaction(null, async (tx) => {
    const stranger = await insertAccount(tx, { name: 'Dora' })
    const message = { session_id, thread_id, content: 'first', author_account_id: world.editor }
    const message_id = await insertMessage(tx, message)
    await tx.insert(chatToolEvents).values({
      id: ids.tool_event_id,
      session_id,
      thread_id,
      tool_name: 'search',
      status: 'executing',
      started_at: sql`now()`,
    })
    await tx.insert(invitations).values({
      id: ids.invitation_id,
      session_id,
      created_by_account_id: world.owner,
      token_hash: sha256(token),
      role: 'editor',
      expires_at: sql`now() + interval '1 day'`,
      max_uses: 3,
    })
    await recountSession(tx, session_id)
    return { stranger, message_id }
  })
  return { ...world, ...ids, ...value }
}

function must3(owner?: string, editor?: string, viewer?: string) {
  return { owner: must(owner, 'owner'), editor: must(editor, 'editor'), viewer: must(viewer, 'viewer') }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Applies as an account, under a new mutation id unless one is given. */
export function apply(
  db: Database,
  accountId: string,
  name: MutationName,
  input: unknown,
  mutationId = uuidv7(),
): Promise<MutationAnswer> {
  return applyMutation(db, { accountId }, { mutationId, name, input })
}

/** A link for one more editor; its secret. */
export async function inviteBy(db: Database, owner: string, session_id: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const limits = { role: 'editor', expires_in_days: 1, max_uses: 1 }
  const invitation = { id: uuidv7(), session_id, token_hash: sha256(token), ...limits }
  await apply(db, owner, 'invitations.create', invitation)
  return token
}

/** The code that it is refused with, or `applied`. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'applied'
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

export async function rows<T extends Record<string, unknown>>(db: Database, query: SQL): Promise<T[]> {
  const { value } = await db.transaction(null, (tx) => tx.execute<T>(query))
  return [...value] as T[] // postgres.js narrows a generic row to its own type
}

export async function row<T extends Record<string, unknown>>(db: Database, query: SQL): Promise<T> {
  return must((await rows<T>(db, query))[0], 'one row')
}

/** Every row of the database with the transaction that wrote it: equal only when nothing was written. */
export async function everything(db: Database): Promise<unknown> {
  const tables = await rows<{ name: string }>(
    db,
    sql`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'auth') order by 1`,
  )
  const digests = tables.map(
    ({ name }) =>
      `select '${name}' as name, md5(string_agg(t.xmin::text || t::text, ',' order by t::text)) as digest from ${name} t`,
  )
  return rows(db, sql.raw(digests.join(' union all ')))
}
