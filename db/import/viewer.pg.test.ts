import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOCAL_ACCOUNT_ID } from '../local-account.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'
import type { AppliedImport } from './engine.ts'
import { importViewer } from './run-import.ts'
import {
  contents,
  fixture,
  hasLegacyData,
  LEGACY_DATA_ABSENT,
  legacyData,
  query,
  temporaryFolder,
} from './testing.ts'

let base: TestDatabase
beforeEach(async () => {
  base = await testDatabase()
})
afterEach(() => base.close())

const importFolder = (folder: string) => importViewer({ db: base.db, folder })
const rows = <T extends Record<string, unknown>>(statement: ReturnType<typeof sql>) =>
  query<T>(base.db, statement)
const change = (statement: ReturnType<typeof sql>) => base.db.transaction(null, (tx) => tx.execute(statement))

function counts({ run }: AppliedImport) {
  const { read, created, updated, unchanged, kept, merged, quarantined } = run
  const all = { read, created, updated, unchanged, kept, merged, quarantined }
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
}

const fateOf = ({ decisions }: AppliedImport, identity: string) => {
  const found = decisions.find(({ record }) => record.identity === identity)
  return found && { fate: found.fate, reason: found.reason }
}

async function writesOnlyItsRun(folder: string): Promise<AppliedImport> {
  const before = await contents(base.db, ['import_runs'])
  const [runsBefore] = await rows<{ n: number }>(sql`select count(*)::int as n from import_runs`)
  const applied = await importFolder(folder)
  expect(await contents(base.db, ['import_runs'])).toEqual(before)
  const [runsAfter] = await rows<{ n: number }>(sql`select count(*)::int as n from import_runs`)
  expect(runsAfter?.n).toBe((runsBefore?.n ?? 0) + 1)
  return applied
}

const message = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  mode: 'session',
  threadId: 'thread_1',
  role: 'user',
  content: `text of ${id}`,
  createdAt: '2025-12-19T14:00:00.000Z',
  updatedAt: '2025-12-19T14:00:00.000Z',
  ...rest,
})
const thread = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  mode: 'session',
  title: 'Session Coach',
  status: 'active',
  messageCount: 0,
  createdAt: '2025-12-19T13:00:00.000Z',
  updatedAt: '2025-12-19T13:00:00.000Z',
  ...rest,
})
const event = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  threadId: 'thread_1',
  toolCallId: '7',
  toolName: 'list',
  status: 'executing',
  arguments: { a: 1 },
  startedAt: '2025-12-19T14:00:00.000Z',
  ...rest,
})
const small = () => ({
  messages: [message('m1'), message('m2', { role: 'assistant', createdAt: '2025-12-19T14:00:01.000Z' })],
  threads: [thread('thread_1'), thread('thread_2', { mode: 'general', title: 'General' })],
  toolEvents: [event('e1')],
})

describe.skipIf(!hasLegacyData)(`real files${hasLegacyData ? '' : ` (${LEGACY_DATA_ABSENT})`}`, () => {
  test('viewer-final: 23 records make 23 rows, in the order of time', async () => {
    const applied = await importFolder(legacyData('viewer-final'))
    expect(counts(applied)).toEqual({ read: 23, created: 23 })
    const messages = await rows(sql`
      select position, role, author_account_id from chat_messages order by created_at`)
    expect(messages).toEqual(
      Array.from({ length: 14 }, (_, index) => ({
        position: index + 1,
        role: index % 2 === 0 ? 'user' : 'assistant',
        author_account_id: index % 2 === 0 ? LOCAL_ACCOUNT_ID : null,
      })),
    )
    expect(await rows(sql`select distinct status, completed_at from chat_tool_events`)).toEqual([
      { status: 'abandoned', completed_at: null },
    ])
  })

  test('viewer-final: one session for each old id, counted anew, in its owner’s list', async () => {
    await importFolder(legacyData('viewer-final'))
    const sessions = await rows(sql`
      select s.title, s.agent, thread_count, message_count, member_count, i.unread_count,
             i.last_message_at = s.last_message_at as agrees, m.role
      from sessions s join inbox_entries i on i.session_id = s.id
      join session_members m on m.session_id = s.id and m.account_id = i.account_id
      where i.account_id = ${LOCAL_ACCOUNT_ID} order by s.title`)
    const common = { member_count: 1, unread_count: 0, role: 'owner' }
    const empty = { ...common, message_count: 0, agrees: null }
    expect(sessions).toEqual([
      {
        ...common,
        title: 'Legacy session without a log (session-default)',
        agent: null,
        thread_count: 2,
        message_count: 14,
        agrees: true,
      },
      {
        ...empty,
        title: 'Unresolved legacy session · uploads/~/.codex/ses',
        agent: 'codex',
        thread_count: 2,
      },
      {
        ...empty,
        title: 'Unresolved legacy session · uploads/~/.gemini/tm',
        agent: 'gemini',
        thread_count: 2,
      },
    ])
    const [counted] = await rows(sql`
      select message_count, last_position, left(last_message_preview, 19) as preview, last_message_at
      from chat_threads where message_count > 0`)
    expect(counted).toMatchObject({ message_count: 14, last_position: 14, preview: 'The AGENT framework' })
  })

  test('viewer-final again: 23 unchanged, and nothing is written but the run', async () => {
    await importFolder(legacyData('viewer-final'))
    expect(counts(await writesOnlyItsRun(legacyData('viewer-final')))).toEqual({ read: 23, unchanged: 23 })
  })

  test('viewer-midway has no file of tool events: reported, not an error', async () => {
    const applied = await importFolder(legacyData('viewer-midway'))
    expect(counts(applied)).toEqual({ read: 11, created: 11 })
    expect(applied.run.files.map(({ name, missing }) => [name, missing])).toEqual([
      ['chat-messages.json', false],
      ['chat-threads.json', false],
      ['chat-tool-events.json', true],
    ])
  })

  test('viewer-final after viewer-midway: what both hold is brought up to date, both raw forms are kept', async () => {
    await importFolder(legacyData('viewer-midway'))
    const applied = await importFolder(legacyData('viewer-final'))
    expect(counts(applied)).toEqual({ read: 23, created: 22, updated: 1 })
    expect(fateOf(applied, 'thread_3983efad-ab5b-40b6-a175-4a38cdfdbaeb')?.fate).toBe('updated')
    const kept = await rows(sql`
      select legacy_id ~ '#' as former, raw::json->>'messageCount' as count from import_records
      where legacy_id like 'thread_3983efad%' order by 1`)
    expect(kept).toEqual([
      { former: false, count: '14' },
      { former: true, count: '0' },
    ])
    expect(counts(await writesOnlyItsRun(legacyData('viewer-final')))).toEqual({ read: 23, unchanged: 23 })
  })

  test('viewer-arc holds none of the three files: a clear refusal', async () => {
    const before = await contents(base.db)
    await expect(importFolder(legacyData('viewer-arc'))).rejects.toThrow('holds none of chat-messages.json')
    expect(await contents(base.db)).toEqual(before)
  })
})

describe('every corruption that the old files can have', () => {
  const corrupted = fixture('corrupted')

  test('each record is accounted for, with its raw form and why', async () => {
    const applied = await importFolder(corrupted)
    expect(counts(applied)).toEqual({ read: 36, created: 24, merged: 4, quarantined: 8 })
    const [stored] = await rows(sql`
      select count(*)::int as records, count(*) filter (where fate = 'created') ::int as created,
             count(*) filter (where fate in ('merged', 'quarantined') and reason is null)::int as unexplained,
             count(*) filter (where encode(sha256(convert_to(raw, 'UTF8')), 'hex') <> raw_sha256)::int as altered
      from import_records`)
    expect(stored).toEqual({ records: 36, created: 24, unexplained: 0, altered: 0 })
    expect(fateOf(applied, 'chat_n_nul')).toMatchObject({ fate: 'quarantined' })
    expect(fateOf(applied, 'chat_c_sent_again')).toMatchObject({ fate: 'merged' })
    const [nul] = await rows<{ raw: string }>(
      sql`select raw from import_records where legacy_id = 'chat_n_nul'`,
    )
    expect(JSON.parse(nul?.raw ?? '')).toMatchObject({ content: 'a\0b' })
  })

  test('messages stand in the order of time, in threads of their own session', async () => {
    await importFolder(corrupted)
    const read = await rows(sql`
      select t.title, array_agg(coalesce(r.legacy_id, '?') order by m.position) as messages
      from chat_messages m join chat_threads t on t.id = m.thread_id
      join import_records r on r.target_id = m.id and r.fate = 'created'
      group by t.id, t.title order by 1, 2`)
    expect(read).toEqual([
      { title: 'General', messages: ['chat_g_unnamed_in_new_thread'] },
      { title: 'Recovered thread · thread_gone', messages: ['chat_h_orphan'] },
      { title: 'Recovered thread · thread_one', messages: ['chat_i_other_session'] },
      {
        title: 'Renamed by its owner.md',
        messages: [
          'chat_f_without_thread',
          'chat_k_bad_times',
          'chat_b_question',
          'chat_d_same_client_id_other_text',
          'chat_e_same_text',
          'chat_a_answer',
          'chat_j_other_mode',
          'chat_l_bad_role',
          'chat_m_extra_keys',
          'chat_o_half_character',
          'chat_p_repeated',
        ],
      },
    ])
    const drifted = await rows(sql`
      select id from chat_threads t
      where message_count <> (select count(*) from chat_messages m where m.thread_id = t.id)`)
    expect(drifted).toEqual([])
  })

  test('again: nothing is written but the run', async () => {
    await importFolder(corrupted)
    const applied = await writesOnlyItsRun(corrupted)
    expect(counts(applied)).toEqual({ read: 36, unchanged: 24, merged: 4, quarantined: 8 })
  })
})

describe('what people did here since is left alone', () => {
  async function importedThen(doing: ReturnType<typeof sql>, files: object = small()) {
    const place = await temporaryFolder(files)
    await importFolder(place.folder)
    await change(doing)
    return place
  }
  const text = (id: string) => sql`content = ${`text of ${id}`}`

  test('an edited message is kept, be its record the same or another by now', async () => {
    await using place = await importedThen(
      sql`update chat_messages set content = 'mine', edited_at = now() where ${text('m1')}`,
    )
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 4, kept: 1 })
    await place.write({ messages: [message('m1', { content: 'theirs' })] })
    expect(fateOf(await importFolder(place.folder), 'm1')).toMatchObject({
      fate: 'kept',
      reason: 'its row was changed here',
    })
    expect(await rows(sql`select content from chat_messages where position = 1`)).toEqual([
      { content: 'mine' },
    ])
    expect(counts(await writesOnlyItsRun(place.folder))).toMatchObject({ kept: 1 })
  })

  test('a removed message stays removed', async () => {
    await using place = await importedThen(
      sql`update chat_messages set content = '', removed_at = now() where ${text('m1')}`,
    )
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 4, kept: 1 })
  })

  test('a renamed thread keeps its name, its messages are unchanged', async () => {
    await using place = await importedThen(
      sql`update chat_threads set title = 'Mine' where title = 'General'`,
    )
    const applied = await writesOnlyItsRun(place.folder)
    expect(counts(applied)).toEqual({ read: 5, unchanged: 4, kept: 1 })
    expect(fateOf(applied, 'thread_2')?.fate).toBe('kept')
  })

  test('a removed thread does not come back, nor does anything in it, nor what is new for it', async () => {
    await using place = await importedThen(sql`delete from chat_threads where title = 'Session Coach'`)
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 1, kept: 4 })
    await place.write({ messages: [...small().messages, message('m3')] })
    expect(fateOf(await importFolder(place.folder), 'm3')).toMatchObject({ fate: 'kept' })
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 6, unchanged: 1, kept: 5 })
  })

  test('a recovered thread that was removed does not come back', async () => {
    const files = { messages: small().messages }
    await using place = await importedThen(sql`delete from chat_threads`, files)
    await place.write({ messages: [...files.messages, message('m3')] })
    expect(counts(await importFolder(place.folder))).toEqual({ read: 3, kept: 3 })
    expect(await rows(sql`select from chat_threads`)).toEqual([])
  })

  test('a removed session does not come back, not even for records that were never here', async () => {
    await using place = await importedThen(sql`delete from sessions`)
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 5, kept: 5 })
    await place.write({ messages: [message('m9')], threads: [], toolEvents: [] })
    expect(counts(await importFolder(place.folder))).toEqual({ read: 1, kept: 1 })
    expect(await rows(sql`select from sessions`)).toEqual([])
  })

  test('a session that its owner handed over and left gets nothing from her any more', async () => {
    await using place = await importedThen(sql`update session_members set left_at = clock_timestamp()`)
    await place.write({ messages: [message('m1', { content: 'changed' }), message('m9')] })
    expect(counts(await importFolder(place.folder))).toEqual({ read: 5, kept: 5 })
    expect(await rows(sql`select from chat_messages`)).toHaveLength(2)
  })

  test('somebody else’s session under the id that an import would use is not touched', async () => {
    await using place = await importedThen(sql`select 1`)
    const [found] = await rows<{ id: string }>(sql`select id from sessions`)
    const other = '01890000-0000-7000-8000-0000000000ff'
    await change(sql`delete from import_records`)
    await change(sql`delete from sessions`)
    await change(sql`delete from access_cutoffs`)
    await change(sql`insert into accounts (id, display_name, kind) values (${other}, 'Other', 'full')`)
    await change(
      sql`insert into sessions (id, owner_account_id, title) values (${found?.id}, ${other}, 'Theirs')`,
    )
    expect(counts(await importFolder(place.folder))).toEqual({ read: 5, kept: 5 })
    expect(await rows(sql`select title, thread_count from sessions`)).toEqual([
      { title: 'Theirs', thread_count: 0 },
    ])
  })
})

describe('what changed in the files since', () => {
  test('a changed record updates its row and keeps its place and its former raw form', async () => {
    await using place = await temporaryFolder(small())
    await importFolder(place.folder)
    const changed = message('m1', { content: 'changed', createdAt: '2025-12-19T15:00:00.000Z' })
    await place.write({
      messages: [changed, ...small().messages.slice(1)],
      toolEvents: [event('e1', { status: 'succeeded', result: { b: 2 } })],
      threads: [
        thread('thread_1', { status: 'archived' }),
        thread('thread_2', { mode: 'general', title: 'General' }),
      ],
    })
    expect(counts(await importFolder(place.folder))).toEqual({ read: 5, updated: 3, unchanged: 2 })
    expect(await rows(sql`select content from chat_messages where position = 1`)).toEqual([
      { content: 'changed' },
    ])
    expect(await rows(sql`select status, result from chat_tool_events`)).toEqual([
      { status: 'succeeded', result: { b: 2 } },
    ])
    expect(await rows(sql`select i.last_message_preview from inbox_entries i`)).toEqual([
      { last_message_preview: 'changed' },
    ])
    const former = await rows(
      sql`select raw::json->>'content' as content from import_records where legacy_id like 'm1#%'`,
    )
    expect(former).toEqual([{ content: 'text of m1' }])
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 5, unchanged: 5 })
  })

  test('new messages are appended, also those that are older than what is there', async () => {
    await using place = await temporaryFolder(small())
    await importFolder(place.folder)
    const older = message('m0', { createdAt: '2025-12-18T00:00:00.000Z' })
    await place.write({ messages: [...small().messages, older] })
    expect(counts(await importFolder(place.folder))).toEqual({ read: 6, created: 1, unchanged: 5 })
    const order = await rows(sql`select content from chat_messages order by position`)
    expect(order.map(({ content }) => content)).toEqual(['text of m1', 'text of m2', 'text of m0'])
    expect(await rows(sql`select message_count from sessions`)).toEqual([{ message_count: 3 }])
  })

  test('a recovered thread takes the name of its record once that is found', async () => {
    await using place = await temporaryFolder({ messages: small().messages })
    await importFolder(place.folder)
    await place.write({ threads: [thread('thread_1', { title: 'Found' })] })
    const applied = await importFolder(place.folder)
    expect(counts(applied)).toEqual({ read: 3, updated: 1, unchanged: 2 })
    expect(await rows(sql`select title, message_count from chat_threads`)).toEqual([
      { title: 'Found', message_count: 2 },
    ])
    expect(counts(await writesOnlyItsRun(place.folder))).toEqual({ read: 3, unchanged: 3 })
  })

  test('people who joined see what is new as unread, its owner’s other entries stay', async () => {
    await using place = await temporaryFolder(small())
    await importFolder(place.folder)
    const guest = '01890000-0000-7000-8000-0000000000aa'
    await change(sql`insert into accounts (id, display_name, kind) values (${guest}, 'Guest', 'guest')`)
    await change(sql`insert into session_members (session_id, account_id, display_name, role)
      select id, ${guest}, 'Guest', 'editor' from sessions`)
    await change(sql`insert into inbox_entries (session_id, account_id, title, last_read_at)
      select id, ${guest}, title, '2025-12-20T00:00:00Z' from sessions`)
    const late = message('m3', { createdAt: '2025-12-21T00:00:00.000Z' })
    await place.write({ messages: [...small().messages, late] })
    await importFolder(place.folder)
    const entries = await rows(
      sql`select account_id, unread_count, last_message_preview from inbox_entries order by 1`,
    )
    expect(entries).toEqual([
      { account_id: LOCAL_ACCOUNT_ID, unread_count: 0, last_message_preview: 'text of m3' },
      { account_id: guest, unread_count: 1, last_message_preview: 'text of m3' },
    ])
    expect(await rows(sql`select member_count from sessions`)).toEqual([{ member_count: 2 }])
  })

  test('a clientMessageId that a message here has already is left out, not refused', async () => {
    const twice = { clientMessageId: 'k' }
    await using place = await temporaryFolder({ ...small(), messages: [message('m1', twice)] })
    await importFolder(place.folder)
    await place.write({ messages: [message('m7', { ...twice, content: 'other' })] })
    expect(counts(await importFolder(place.folder))).toMatchObject({ created: 1 })
    expect(await rows(sql`select client_message_id from chat_messages order by position`)).toEqual([
      { client_message_id: 'k' },
      { client_message_id: null },
    ])
  })
})
