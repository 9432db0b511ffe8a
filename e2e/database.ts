import postgres from 'postgres'

/** What Postgres holds, seen by its owner. */
export function openDatabase(ownerUrl: string): postgres.Sql {
  return postgres(ownerUrl, { max: 2, onnotice: () => {}, idle_timeout: 5 })
}

/** What the server rewrites by itself, whether or not anybody asks for anything. */
const BY_ITSELF = ['heartbeats', 'signing_keys']

/** A digest of every row, by table: two of them are equal when nothing was written in between. */
export async function digests(sql: postgres.Sql): Promise<Record<string, string>> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema in ('public', 'auth') and table_type = 'BASE TABLE'
      and table_name not in ${sql(BY_ITSELF)} order by 1, 2`
  const entries = tables.map(async ({ schema, name }) => {
    const [row] = await sql<{ digest: string }[]>`
      select coalesce(md5(string_agg(t::text, E'\n' order by t::text)), '') as digest
      from ${sql(schema)}.${sql(name)} t`
    return [`${schema}.${name}`, row?.digest ?? ''] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
