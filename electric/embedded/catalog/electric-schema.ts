import type { Column } from './relation.ts'

type SchemaEntry = Record<string, string | number | boolean>

/** The `electric-schema` header: how a client parses each column's text. */
export function electricSchema(columns: readonly Column[]): string {
  const entries = columns.map((column) => [column.name, schemaEntry(column)] as const)
  // A header carries Latin-1 only: whatever lies beyond travels as JSON escapes.
  return JSON.stringify(Object.fromEntries(entries)).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function schemaEntry(column: Column): SchemaEntry {
  return {
    type: column.typeName,
    ...(column.dimensions > 0 ? { dims: column.dimensions } : {}),
    ...(column.primaryKeyIndex === null ? {} : { pk_index: column.primaryKeyIndex }),
    ...(column.isNotNull ? { not_null: true } : {}),
    ...(column.typeModifier === -1 ? {} : modifier(column.typeName, column.typeModifier)),
  }
}

function modifier(type: string, modifier: number): SchemaEntry {
  switch (type) {
    case 'varchar':
    case 'text':
      return { max_length: modifier - 4 }
    case 'bpchar':
      return { length: modifier - 4 }
    case 'bit':
    case 'varbit':
      return { length: modifier }
    case 'numeric':
      // The scale is a signed number of 11 bits.
      return { precision: ((modifier - 4) >> 16) & 0xffff, scale: (((modifier - 4) & 0x7ff) ^ 1024) - 1024 }
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return { precision: modifier }
    case 'interval':
      return interval(modifier)
    default:
      return { type_mod: modifier }
  }
}

// Bits of an interval's field mask, as in Postgres's datetime.h.
const FIELDS = [
  ['YEAR', 1 << 2],
  ['MONTH', 1 << 1],
  ['DAY', 1 << 3],
  ['HOUR', 1 << 10],
  ['MINUTE', 1 << 11],
  ['SECOND', 1 << 12],
] as const

function interval(modifier: number): SchemaEntry {
  const precision = modifier & 0xffff
  const mask = (modifier >> 16) & 0x7fff
  const named = FIELDS.filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name)
  const fields = [...new Set([named.at(0), named.at(-1)])].join(' TO ')
  return {
    ...(precision === 0xffff ? {} : { precision }),
    ...(mask === 0x7fff ? {} : { fields }),
  }
}
