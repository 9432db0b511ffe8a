import { escapeIdentifier } from 'pg'
import type { Sequence, Table } from './format.ts'
import type { Session } from './session.ts'

export interface Relation {
  schema: string
  name: string
}

export interface StoredTable extends Table {
  /** On disk, an estimate of how much there is to copy. */
  size: number
}

// Of every schema, so that no table is forgotten when new ones come. What an extension made comes with the extension.
const OWN_RELATIONS = `
  pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relpersistence <> 't'
    and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`

export async function readTables(session: Session): Promise<StoredTable[]> {
  const rows = await session.query<StoredTable>(`
    select n.nspname as schema, c.relname as name, pg_catalog.pg_table_size(c.oid)::float8 as size,
      (select coalesce(json_agg(json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                                                  'generated', a.attgenerated <> '') order by a.attnum), '[]')
       from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from ${OWN_RELATIONS} and c.relkind = 'r'`)
  return rows.sort(byName)
}

/** A sequence, and the table of the column that it belongs to, as for serial and identity columns. */
export interface OwnedSequence extends Sequence {
  owner: string | null
}

export async function readSequences(session: Session): Promise<OwnedSequence[]> {
  const found = await session.query<Relation & { owner: string | null }>(`
    select n.nspname as schema, c.relname as name,
      (select tn.nspname || '.' || t.relname
       from pg_catalog.pg_depend o
       join pg_catalog.pg_class t on t.oid = o.refobjid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
       where o.classid = 'pg_catalog.pg_class'::regclass and o.objid = c.oid
         and o.refclassid = 'pg_catalog.pg_class'::regclass and o.deptype in ('a', 'i')) as owner
    from ${OWN_RELATIONS} and c.relkind = 'S'`)
  const sequences: OwnedSequence[] = []
  for (const relation of found.sort(byName)) {
    const [state] = await session.query<{ last_value: string; is_called: boolean }>(
      `select last_value::text, is_called from ${quoted(relation)}`,
    )
    if (state) sequences.push({ ...relation, ...state })
  }
  return sequences
}

export function fullName({ schema, name }: Relation): string {
  return `${schema}.${name}`
}

export function quoted({ schema, name }: Relation): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`
}

/** The table with the columns that are copied, for COPY. */
export function copied(table: Table): string {
  const columns = table.columns.filter(({ generated }) => !generated)
  return `${quoted(table)} (${columns.map(({ name }) => escapeIdentifier(name)).join(', ')})`
}

function byName(a: Relation, b: Relation): number {
  return fullName(a) < fullName(b) ? -1 : 1
}
