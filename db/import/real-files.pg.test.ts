import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, test } from 'vitest'
import { LOCAL_ACCOUNT_ID } from '../local-account.ts'
import { hasLegacyData, LEGACY_DATA_ABSENT, legacyData } from './testing.ts'
import { counts, fateOf, type ImportBase, importBase } from './testing-base.ts'

let base: ImportBase
beforeEach(async ({ skip }) => {
  skip(!hasLegacyData, LEGACY_DATA_ABSENT)
  base = await importBase()
  return () => base.close()
})

describe('real files', () => {
  test('viewer-final: 23 records make 23 rows, in the order of time', async () => {
    const applied = await base.importFolder(legacyData('viewer-final'))
    expect(counts(applied)).toEqual({ read: 23, created: 23 })
    const messages = await base.rows(sql`
      select position, role, author_account_id from chat_messages order by created_at`)
    expect(messages).toEqual(
      Array.from({ length: 14 }, (_, index) => ({
        position: index + 1,
        role: index % 2 === 0 ? 'user' : 'assistant',
        author_account_id: index % 2 === 0 ? LOCAL_ACCOUNT_ID : null,
      })),
    )
    expect(await base.rows(sql`select distinct status, completed_at from chat_tool_events`)).toEqual([
      { status: 'abandoned', completed_at: null },
    ])
  })

  test('viewer-final: one session for each old id, counted anew, in its owner’s list', async () => {
    await base.importFolder(legacyData('viewer-final'))
    const sessions = await base.rows(sql`
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
    const [counted] = await base.rows(sql`
      select message_count, last_position, left(last_message_preview, 19) as preview, last_message_at
      from chat_threads where message_count > 0`)
    expect(counted).toMatchObject({ message_count: 14, last_position: 14, preview: 'The AGENT framework' })
  })

  test('viewer-final again: 23 unchanged, and nothing is written but the run', async () => {
    await base.importFolder(legacyData('viewer-final'))
    expect(counts(await base.writesOnlyItsRun(legacyData('viewer-final')))).toEqual({
      read: 23,
      unchanged: 23,
    })
  })

  test('viewer-midway has no file of tool events: reported, not an error', async () => {
    const applied = await base.importFolder(legacyData('viewer-midway'))
    expect(counts(applied)).toEqual({ read: 11, created: 11 })
    expect(applied.run.files.map(({ name, missing }) => [name, missing])).toEqual([
      ['chat-messages.json', false],
      ['chat-threads.json', false],
      ['chat-tool-events.json', true],
    ])
  })

  test('viewer-final after viewer-midway: what both hold is brought up to date, both raw forms are kept', async () => {
    await base.importFolder(legacyData('viewer-midway'))
    const applied = await base.importFolder(legacyData('viewer-final'))
    expect(counts(applied)).toEqual({ read: 23, created: 22, updated: 1 })
    expect(fateOf(applied, 'thread_3983efad-ab5b-40b6-a175-4a38cdfdbaeb')?.fate).toBe('updated')
    const kept = await base.rows(sql`
      select legacy_id ~ '#' as former, raw::json->>'messageCount' as count from import_records
      where legacy_id like 'thread_3983efad%' order by 1`)
    expect(kept).toEqual([
      { former: false, count: '14' },
      { former: true, count: '0' },
    ])
    expect(counts(await base.writesOnlyItsRun(legacyData('viewer-final')))).toEqual({
      read: 23,
      unchanged: 23,
    })
  })

  test('viewer-arc holds none of the three files: a clear refusal', async () => {
    const before = await base.contents()
    await expect(base.importFolder(legacyData('viewer-arc'))).rejects.toThrow(
      'holds none of chat-messages.json',
    )
    expect(await base.contents()).toEqual(before)
  })
})
