import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixture } from './testing.ts'
import { counts, fateOf, type ImportBase, importBase } from './testing-base.ts'

let base: ImportBase
beforeEach(async () => {
  base = await importBase()
})
afterEach(() => base.close())

describe('every corruption that the old files can have', () => {
  const corrupted = fixture('corrupted')

  test('each record is accounted for, with its raw form and why', async () => {
    const applied = await base.importFolder(corrupted)
    expect(counts(applied)).toEqual({ read: 36, created: 24, merged: 4, quarantined: 8 })
    const [stored] = await base.rows(sql`
      select count(*)::int as records, count(*) filter (where fate = 'created') ::int as created,
             count(*) filter (where fate in ('merged', 'quarantined') and reason is null)::int as unexplained,
             count(*) filter (where encode(sha256(convert_to(raw, 'UTF8')), 'hex') <> raw_sha256)::int as altered
      from import_records`)
    expect(stored).toEqual({ records: 36, created: 24, unexplained: 0, altered: 0 })
    expect(fateOf(applied, 'chat_n_nul')).toMatchObject({ fate: 'quarantined' })
    expect(fateOf(applied, 'chat_c_sent_again')).toMatchObject({ fate: 'merged' })
    const [nul] = await base.rows<{ raw: string }>(
      sql`select raw from import_records where legacy_id = 'chat_n_nul'`,
    )
    expect(JSON.parse(nul?.raw ?? '')).toMatchObject({ content: 'a\0b' })
  })

  test('messages stand in the order of time, in threads of their own session', async () => {
    await base.importFolder(corrupted)
    const read = await base.rows(sql`
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
    const drifted = await base.rows(sql`
      select id from chat_threads t
      where message_count <> (select count(*) from chat_messages m where m.thread_id = t.id)`)
    expect(drifted).toEqual([])
  })

  test('again: nothing is written but the run', async () => {
    await base.importFolder(corrupted)
    const applied = await base.writesOnlyItsRun(corrupted)
    expect(counts(applied)).toEqual({ read: 36, unchanged: 24, merged: 4, quarantined: 8 })
  })
})
