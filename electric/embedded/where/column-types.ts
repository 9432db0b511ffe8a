import type { Relation } from '../catalog/relation.ts'
import type { Query } from '../catalog/relation-catalog.ts'
import type { ColumnTypes } from './scope.ts'
import { enumType, opaqueType, rowType, type SqlType, typeByOid } from './types.ts'

interface TypeRow {
  name: string
  oid: string
  type_name: string
  kind: string
}

// A domain is resolved to what it is a domain over, however often.
const TYPES = `
  WITH RECURSIVE types AS (
    SELECT attname AS name, atttypid AS oid FROM pg_attribute
    WHERE attrelid = $1::text::oid AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT name, typbasetype FROM types JOIN pg_type t ON t.oid = types.oid WHERE typtype = 'd'
  )
  SELECT name, t.oid::text, typname AS type_name, typtype::text AS kind
  FROM types JOIN pg_type t ON t.oid = types.oid WHERE typtype <> 'd'`

/** The types of those of the named columns that have none of the types known here. */
export async function readColumnTypes(
  query: Query,
  relation: Relation,
  names: ReadonlySet<string>,
): Promise<ColumnTypes> {
  const others = relation.columns.filter(({ name, typeOid }) => names.has(name) && !typeByOid(typeOid))
  if (others.length === 0) return new Map()
  const rows = (await query(TYPES, [String(relation.oid)])) as TypeRow[] // as selected there
  const oids = new Map(others.map(({ name, typeOid }) => [name, typeOid]))
  return new Map(
    rows
      .filter(({ name }) => oids.has(name))
      .map((row) => [row.name, { type: toType(row), isDomain: Number(row.oid) !== oids.get(row.name) }]),
  )
}

function toType({ oid, type_name, kind }: TypeRow): SqlType {
  if (kind === 'e') return enumType(type_name)
  return typeByOid(Number(oid)) ?? (kind === 'c' ? rowType(type_name) : opaqueType(type_name))
}
