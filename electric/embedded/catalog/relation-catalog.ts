import type { Sql } from 'postgres'
import { quoteText } from '../where/literal-sql.ts'
import type { RelationName } from './identifiers.ts'
import type { Column, Relation } from './relation.ts'

interface CatalogRow {
  oid: string
  relkind: string
  relreplident: string
  attname: string | null
  atttypid: string
  atttypmod: number
  attndims: number
  attnotnull: boolean
  is_generated: boolean
  type_name: string
  is_array: boolean
  has_bytewise_equality: boolean
  primary_key_index: number | null
  publishes_all: boolean | null
  is_in_publication: boolean | null
  published_as: string | null
  is_published: boolean | null
}

const CATALOG = `
    SELECT c.oid::text, c.relkind::text, c.relreplident::text,
      a.attname, a.atttypid::text, a.atttypmod, a.attndims, a.attnotnull, a.attgenerated <> '' AS is_generated,
      coalesce(element.typname, t.typname) AS type_name, element.oid IS NOT NULL AS is_array,
      coalesce(co.collisdeterministic, true) AS has_bytewise_equality,
      array_position(i.indkey::int2[], a.attnum) AS primary_key_index,
      p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND pr.prqual IS NULL AS publishes_all,
      coalesce(pr.oid, pn.oid, p.oid)::text AS published_as,
      pr.oid IS NOT NULL OR p.puballtables OR pn.oid IS NOT NULL AS is_in_publication,
      CASE WHEN pr.prattrs IS NOT NULL THEN a.attnum = ANY (pr.prattrs::int2[])
        ELSE a.attgenerated = '' OR (a.attgenerated = 's' AND to_jsonb(p) ->> 'pubgencols' = 's')
      END AS is_published
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type element ON element.oid = t.typelem AND t.typcategory = 'A'
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    LEFT JOIN pg_publication p ON p.pubname = $3
    LEFT JOIN pg_publication_rel pr ON pr.prpubid = p.oid AND pr.prrelid = c.oid
    LEFT JOIN pg_publication_namespace pn ON pn.pnpubid = p.oid AND pn.pnnspid = n.oid
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
    ORDER BY a.attnum`

/** Runs one statement with parameters, on whichever driver. */
export type Query = (text: string, values: string[]) => Promise<readonly object[]>

export function queryOn(sql: Sql): Query {
  return (text, values) => sql.unsafe<object[]>(text, values)
}

/** For the catalog's own statement, whose joins cost more to plan than to run. */
export function preparedOn(sql: Sql): Query {
  return (text, values) => sql.unsafe<object[]>(text, values, { prepare: true })
}

/** Once a connection, before `readPreparedSql` runs on it. */
export const PREPARE_READING = `PREPARE electric_relation (text, text, text) AS ${CATALOG}`

/** The catalog's statement without parameters of its own, to be sent among others. */
export function readPreparedSql({ schema, name }: RelationName, publication: string): string {
  return `EXECUTE electric_relation (${[schema, name, publication].map(quoteText).join(', ')})`
}

/**
 * What the catalog says now. Reads the tables under pg_publication_tables and not that view, which
 * waits for a lock on every published table.
 * @returns null when there is no such table; views and the like are none.
 */
export async function readRelation(
  query: Query,
  { schema, name }: RelationName,
  publication: string,
): Promise<Relation | null> {
  const rows = (await query(CATALOG, [schema, name, publication])) as CatalogRow[] // as selected there
  const [first] = rows
  return first ? toRelation({ schema, name }, publication, first, rows) : null
}

function toRelation(id: RelationName, publication: string, first: CatalogRow, rows: CatalogRow[]): Relation {
  const columns = rows.flatMap((row) => (row.attname === null ? [] : [toColumn(row, row.attname)]))
  const keyed = columns
    .flatMap(({ name, primaryKeyIndex }) => (primaryKeyIndex === null ? [] : [{ name, primaryKeyIndex }]))
    .sort((a, b) => a.primaryKeyIndex - b.primaryKeyIndex)
  return {
    ...id,
    oid: Number(first.oid),
    columns,
    primaryKey: (keyed.length > 0 ? keyed : columns).map(({ name }) => name),
    isInPublication: first.is_in_publication ?? false,
    publishedAs: first.published_as,
    replicationProblem: replicationProblem(id, publication, first, columns),
  }
}

function toColumn(row: CatalogRow, name: string): Column {
  return {
    name,
    typeOid: Number(row.atttypid),
    typeModifier: row.atttypmod,
    typeName: row.type_name,
    dimensions: row.is_array ? Math.max(row.attndims, 1) : 0,
    isNotNull: row.attnotnull,
    isGenerated: row.is_generated,
    isPublished: row.is_published ?? false,
    hasBytewiseEquality: row.has_bytewise_equality,
    primaryKeyIndex: row.primary_key_index,
  }
}

// Each of these would make a shape that silently stops following its table.
function replicationProblem(
  { schema, name }: RelationName,
  publication: string,
  row: CatalogRow,
  columns: readonly Column[],
): string | null {
  const table = `Database table "${schema}.${name}"`
  if (row.relkind === 'p') return `${table} is partitioned, which the embedded server does not support yet`
  if (row.publishes_all === null) return `Publication "${publication}" does not exist; migrations create it`
  if (!row.is_in_publication) {
    return `${table} is missing from the publication "${publication}"; add it in a migration with ALTER PUBLICATION … ADD TABLE`
  }
  if (!row.publishes_all) {
    return `Publication "${publication}" does not publish every insert, update, delete and truncate of "${schema}.${name}"`
  }
  const withheld = columns.filter((column) => !column.isPublished && !column.isGenerated)
  if (withheld.length > 0) return `Publication "${publication}" leaves out columns of "${schema}.${name}"`
  if (row.relreplident !== 'f') {
    return `${table} does not have its replica identity set to FULL; set it in a migration with ALTER TABLE … REPLICA IDENTITY FULL`
  }
  return null
}
