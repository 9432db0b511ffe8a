import { escapeIdentifier } from 'pg'
import { quoted } from './catalog.ts'
import type { Table } from './format.ts'
import type { Session } from './session.ts'

interface Trigger {
  table: string
  name: string
  /** O, A, R or D: see pg_trigger.tgenabled. */
  enabled: string
}

interface ForeignKey {
  table: string
  name: string
  definition: string
}

const ENABLE: Record<string, string> = { O: 'enable', A: 'enable always', R: 'enable replica', D: 'disable' }

/**
 * Takes triggers and foreign keys off the tables, so that rows come in as they were, in any order and also where tables
 * point at each other. What is returned puts them back and checks every foreign key over all rows. For one transaction.
 * Needs no superuser, unlike `session_replication_role` and `DISABLE TRIGGER ALL`.
 */
export async function suspendRules(session: Session, tables: Table[]): Promise<() => Promise<void>> {
  const names = tables.map(quoted)
  const triggers = await session.query<Trigger>(
    `select tgrelid::regclass::text as table, tgname as name, tgenabled as enabled
     from pg_catalog.pg_trigger where not tgisinternal and tgrelid = any ($1::regclass[])`,
    [names],
  )
  const keys = await session.query<ForeignKey>(
    `select conrelid::regclass::text as table, conname as name, pg_catalog.pg_get_constraintdef(oid) as definition
     from pg_catalog.pg_constraint where contype = 'f' and conrelid = any ($1::regclass[]) order by conrelid, conname`,
    [names],
  )
  for (const name of names) await session.query(`alter table ${name} disable trigger user`)
  for (const { table, name } of keys) {
    await session.query(`alter table ${table} drop constraint ${escapeIdentifier(name)}`)
  }
  return async () => {
    // What is checked at the end of a transaction must have been, before its table can be altered.
    await session.query('set constraints all immediate')
    for (const { table, name, definition } of keys) {
      await session.query(`alter table ${table} add constraint ${escapeIdentifier(name)} ${definition}`)
    }
    for (const { table, name, enabled } of triggers) {
      await session.query(`alter table ${table} ${ENABLE[enabled]} trigger ${escapeIdentifier(name)}`)
    }
  }
}
