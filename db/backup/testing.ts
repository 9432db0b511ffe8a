import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { inject } from 'vitest'
import { type Clone, cloneTemplate } from '../testing-server.ts'

export interface Place extends AsyncDisposable {
  /** A file to be, in a folder of its own. */
  file: string
  files(): Promise<string[]>
}

export async function temporaryPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-backup-'))
  return {
    file: join(folder, 'x.backup'),
    files: () => readdir(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export interface TestTarget extends Clone, AsyncDisposable {
  name: string
}

/** A migrated database without rows. */
export async function migratedDatabase(): Promise<TestTarget> {
  const clone = await cloneTemplate(inject('testServerUrl'))
  return target(clone.ownerUrl)
}

/** A database that holds nothing at all. */
export async function emptyDatabase(): Promise<TestTarget> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer((sql) => sql`create database ${sql(name)}`)
  const ownerUrl = new URL(inject('testServerUrl'))
  ownerUrl.pathname = `/${name}`
  return target(ownerUrl.href)
}

function target(ownerUrl: string): TestTarget {
  const name = new URL(ownerUrl).pathname.slice(1)
  // With what a restore may have made beside it.
  const drop = () =>
    onServer(async (sql) => {
      for (const made of await databasesLike(name))
        await sql`drop database if exists ${sql(made)} with (force)`
    })
  return { ownerUrl, name, drop, [Symbol.asyncDispose]: drop }
}

/** Names of databases that begin so. */
export async function databasesLike(name: string): Promise<string[]> {
  const found = await onServer(
    (sql) => sql<{ datname: string }[]>`select datname from pg_database where starts_with(datname, ${name})`,
  )
  return found.map(({ datname }) => datname).sort()
}

export async function onServer<T>(work: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  return on(inject('testServerUrl'), work)
}

export async function on<T>(url: string, work: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

export type Contents = Record<string, { rows: number; digest: string }>

/** All rows of all tables as Postgres prints and digests them, by `schema.table`: nothing of ours has a part in it. */
export async function contentsOf(url: string): Promise<Contents> {
  return on(url, async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1`
    const all = await Promise.all(
      tables.map(async ({ name }) => {
        const [found] = await sql.unsafe<{ rows: number; digest: string }[]>(
          `select count(*)::int as rows, md5(coalesce(string_agg(t::text, e'\\n' order by t::text collate "C"), '')) as digest from ${name} t`,
        )
        return [name, { ...found }]
      }),
    )
    return Object.fromEntries(all)
  })
}

/** What rules there are beside the rows: columns, constraints, triggers, indexes, grants, sequences and publications. */
export async function schemaOf(url: string): Promise<unknown[]> {
  const rows = await on(
    url,
    (sql) => sql`
      select 'constraint' as kind, conrelid::regclass::text as at, conname::text as name,
             pg_get_constraintdef(oid) || convalidated::text || condeferrable::text as definition
      from pg_constraint where conrelid <> 0 and connamespace::regnamespace::text !~ '^(pg_|information_schema)'
      union all
      select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) || tgenabled::text
      from pg_trigger where not tgisinternal
      union all
      select 'index', indexrelid::regclass::text, '', pg_get_indexdef(indexrelid)
      from pg_index where indrelid::regclass::text !~ '^(pg_|information_schema)'
      union all
      select 'relation', oid::regclass::text, relkind::text, coalesce(relacl::text, '') || relreplident::text
      from pg_class where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      union all
      select 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod) || attnotnull::text
      from pg_attribute join pg_class c on c.oid = attrelid
      where attnum > 0 and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      union all
      select 'published', schemaname || '.' || tablename, pubname, '' from pg_publication_tables
      order by 1, 2, 3, 4`,
  )
  return [...rows]
}
