import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOCAL_ACCOUNT_ID } from '../local-account.ts'
import { temporaryFolder } from './testing.ts'
import { counts, fateOf, type ImportBase, importBase } from './testing-base.ts'
import { event, message, small, thread } from './testing-records.ts'

let base: ImportBase
beforeEach(async () => {
  base = await importBase()
})
afterEach(() => base.close())

describe('what people did here since is left alone', () => {
  async function importedThen(doing: ReturnType<typeof sql>, files: object = small()) {
    const place = await temporaryFolder(files)
    await base.importFolder(place.folder)
    await base.change(doing)
    return place
  }
  const text = (id: string) => sql`content = ${`text of ${id}`}`

  test('an edited message is kept, be its record the same or another by now', async () => {
    await using place = await importedThen(
      sql`update chat_messages set content = 'mine', edited_at = now() where ${text('m1')}`,
    )
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 4, kept: 1 })
    await place.write({ messages: [message('m1', { content: 'theirs' })] })
    expect(fateOf(await base.importFolder(place.folder), 'm1')).toMatchObject({
      fate: 'kept',
      reason: 'its row was changed here',
    })
    expect(await base.rows(sql`select content from chat_messages where position = 1`)).toEqual([
      { content: 'mine' },
    ])
    expect(counts(await base.writesOnlyItsRun(place.folder))).toMatchObject({ kept: 1 })
  })

  test('a removed message stays removed', async () => {
    await using place = await importedThen(
      sql`update chat_messages set content = '', removed_at = now() where ${text('m1')}`,
    )
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 4, kept: 1 })
  })

  test('a renamed thread keeps its name, its messages are unchanged', async () => {
    await using place = await importedThen(
      sql`update chat_threads set title = 'Mine' where title = 'General'`,
    )
    const applied = await base.writesOnlyItsRun(place.folder)
    expect(counts(applied)).toEqual({ read: 5, unchanged: 4, kept: 1 })
    expect(fateOf(applied, 'thread_2')?.fate).toBe('kept')
  })

  test('a removed thread does not come back, nor does anything in it, nor what is new for it', async () => {
    await using place = await importedThen(sql`delete from chat_threads where title = 'Session Coach'`)
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 1, kept: 4 })
    await place.write({ messages: [...small().messages, message('m3')] })
    expect(fateOf(await base.importFolder(place.folder), 'm3')).toMatchObject({ fate: 'kept' })
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 6, unchanged: 1, kept: 5 })
  })

  test('a recovered thread that was removed does not come back', async () => {
    const files = { messages: small().messages }
    await using place = await importedThen(sql`delete from chat_threads`, files)
    await place.write({ messages: [...files.messages, message('m3')] })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 3, kept: 3 })
    expect(await base.rows(sql`select from chat_threads`)).toEqual([])
  })

  test('a removed session does not come back, not even for records that were never here', async () => {
    await using place = await importedThen(sql`delete from sessions`)
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 5, kept: 5 })
    await place.write({ messages: [message('m9')], threads: [], toolEvents: [] })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 1, kept: 1 })
    expect(await base.rows(sql`select from sessions`)).toEqual([])
  })

  test('a session that its owner handed over and left gets nothing from her any more', async () => {
    await using place = await importedThen(sql`update session_members set left_at = clock_timestamp()`)
    await place.write({ messages: [message('m1', { content: 'changed' }), message('m9')] })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 5, kept: 5 })
    expect(await base.rows(sql`select from chat_messages`)).toHaveLength(2)
  })

  test('somebody else’s session under the id that an import would use is not touched', async () => {
    await using place = await importedThen(sql`select 1`)
    const [found] = await base.rows<{ id: string }>(sql`select id from sessions`)
    const other = '01890000-0000-7000-8000-0000000000ff'
    await base.change(sql`delete from import_records`)
    await base.change(sql`delete from sessions`)
    await base.change(sql`delete from access_cutoffs`)
    await base.change(sql`insert into accounts (id, display_name, kind) values (${other}, 'Other', 'full')`)
    await base.change(
      sql`insert into sessions (id, owner_account_id, title) values (${found?.id}, ${other}, 'Theirs')`,
    )
    const applied = await base.importFolder(place.folder)
    expect(counts(applied)).toEqual({ read: 5, kept: 5 })
    expect(fateOf(applied, 'm1')?.reason).toBe('somebody else has a session of this id')
    await base.change(sql`insert into session_members (session_id, account_id, display_name, role)
      values (${found?.id}, ${LOCAL_ACCOUNT_ID}, 'Invited', 'editor')`)
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 5, kept: 5 })
    expect(await base.rows(sql`select title, thread_count from sessions`)).toEqual([
      { title: 'Theirs', thread_count: 0 },
    ])
  })

  test('a session that its owner handed over and is still an editor of gets what is new', async () => {
    const other = '01890000-0000-7000-8000-0000000000ff'
    await using place = await importedThen(
      sql`insert into accounts (id, display_name, kind) values (${other}, 'Other', 'full')`,
    )
    await base.change(sql`update sessions set owner_account_id = ${other}`)
    await base.change(sql`insert into session_members (session_id, account_id, display_name, role)
      select id, ${other}, 'Other', 'owner' from sessions`)
    await base.change(sql`update session_members set role = 'editor' where account_id = ${LOCAL_ACCOUNT_ID}`)
    await place.write({ messages: [message('m9')], threads: [], toolEvents: [] })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 1, created: 1 })
  })
})

describe('what changed in the files since', () => {
  test('a changed record updates its row and keeps its place and its former raw form', async () => {
    await using place = await temporaryFolder(small())
    await base.importFolder(place.folder)
    const changed = message('m1', { content: 'changed', createdAt: '2025-12-19T15:00:00.000Z' })
    await place.write({
      messages: [changed, ...small().messages.slice(1)],
      toolEvents: [event('e1', { status: 'succeeded', result: { b: 2 } })],
      threads: [
        thread('thread_1', { status: 'archived' }),
        thread('thread_2', { mode: 'general', title: 'General' }),
      ],
    })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 5, updated: 3, unchanged: 2 })
    expect(await base.rows(sql`select content from chat_messages where position = 1`)).toEqual([
      { content: 'changed' },
    ])
    expect(await base.rows(sql`select status, result from chat_tool_events`)).toEqual([
      { status: 'succeeded', result: { b: 2 } },
    ])
    expect(await base.rows(sql`select i.last_message_preview from inbox_entries i`)).toEqual([
      { last_message_preview: 'changed' },
    ])
    const former = await base.rows(
      sql`select raw::json->>'content' as content from import_records where legacy_id like 'm1#%'`,
    )
    expect(former).toEqual([{ content: 'text of m1' }])
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 5 })
  })

  test('new messages are appended, also those that are older than what is there', async () => {
    await using place = await temporaryFolder(small())
    await base.importFolder(place.folder)
    const older = message('m0', { createdAt: '2025-12-18T00:00:00.000Z' })
    await place.write({ messages: [...small().messages, older] })
    expect(counts(await base.importFolder(place.folder))).toEqual({ read: 6, created: 1, unchanged: 5 })
    const order = await base.rows(sql`select content from chat_messages order by position`)
    expect(order.map(({ content }) => content)).toEqual(['text of m1', 'text of m2', 'text of m0'])
    expect(await base.rows(sql`select message_count from sessions`)).toEqual([{ message_count: 3 }])
  })

  test('a recovered thread takes the name of its record once that is found', async () => {
    await using place = await temporaryFolder({ messages: small().messages })
    await base.importFolder(place.folder)
    await place.write({ threads: [thread('thread_1', { title: 'Found' })] })
    const applied = await base.importFolder(place.folder)
    expect(counts(applied)).toEqual({ read: 3, updated: 1, unchanged: 2 })
    expect(await base.rows(sql`select title, message_count from chat_threads`)).toEqual([
      { title: 'Found', message_count: 2 },
    ])
    expect(counts(await base.writesOnlyItsRun(place.folder))).toEqual({ read: 3, unchanged: 3 })
  })

  test('people who joined see what is new as unread, its owner’s other entries stay', async () => {
    await using place = await temporaryFolder(small())
    await base.importFolder(place.folder)
    const guest = '01890000-0000-7000-8000-0000000000aa'
    await base.change(sql`insert into accounts (id, display_name, kind) values (${guest}, 'Guest', 'guest')`)
    await base.change(sql`insert into session_members (session_id, account_id, display_name, role)
      select id, ${guest}, 'Guest', 'editor' from sessions`)
    await base.change(sql`insert into inbox_entries (session_id, account_id, title, last_read_at)
      select id, ${guest}, title, '2025-12-20T00:00:00Z' from sessions`)
    const late = message('m3', { createdAt: '2025-12-21T00:00:00.000Z' })
    await place.write({ messages: [...small().messages, late] })
    await base.importFolder(place.folder)
    const entries = await base.rows(
      sql`select account_id, unread_count, last_message_preview from inbox_entries order by 1`,
    )
    expect(entries).toEqual([
      { account_id: LOCAL_ACCOUNT_ID, unread_count: 0, last_message_preview: 'text of m3' },
      { account_id: guest, unread_count: 1, last_message_preview: 'text of m3' },
    ])
    expect(await base.rows(sql`select member_count from sessions`)).toEqual([{ member_count: 2 }])
  })

  test('a clientMessageId that a message here has already is left out, not refused', async () => {
    const twice = { clientMessageId: 'k' }
    await using place = await temporaryFolder({ ...small(), messages: [message('m1', twice)] })
    await base.importFolder(place.folder)
    await place.write({ messages: [message('m7', { ...twice, content: 'other' })] })
    expect(counts(await base.importFolder(place.folder))).toMatchObject({ created: 1 })
    expect(await base.rows(sql`select client_message_id from chat_messages order by position`)).toEqual([
      { client_message_id: 'k' },
      { client_message_id: null },
    ])
  })
})
