import type { StreamedRelation, Tuple } from './pgoutput.ts'
import type { Shape } from './shape.ts'

/**
 * Finds the shapes that a change concerns, by table and by the value of the column they select on:
 * the work does not grow with the number of shapes.
 */
export class ShapeIndex {
  readonly #tables = new Map<number, TableShapes>()

  add(shape: Shape): void {
    const table = entry(this.#tables, shape.definition.relation.oid, () => ({
      all: new Set<Shape>(),
      unfiltered: new Set<Shape>(),
      byColumn: new Map(),
    }))
    table.all.add(shape)
    bucketFor(table, shape).add(shape)
  }

  remove(shape: Shape): void {
    const { relation, where } = shape.definition
    const table = this.#tables.get(relation.oid)
    if (!table) return
    table.all.delete(shape)
    const bucket = bucketFor(table, shape)
    bucket.delete(shape)
    if (where && bucket.size === 0) table.byColumn.get(where.column)?.delete(where.value)
    if (where && table.byColumn.get(where.column)?.size === 0) table.byColumn.delete(where.column)
    if (table.all.size === 0) this.#tables.delete(relation.oid)
  }

  /** All shapes of a table. */
  ofTable(oid: number): Iterable<Shape> {
    return this.#tables.get(oid)?.all ?? []
  }

  /** The shapes that contain a row. */
  containing(relation: StreamedRelation, row: Tuple): readonly Shape[] {
    const table = this.#tables.get(relation.oid)
    if (!table) return []
    const found = [...table.unfiltered]
    for (const [column, byValue] of table.byColumn) {
      // NULL equals nothing; a column that is gone ended its shapes when the new columns were announced.
      const value = row[relation.columns.findIndex(({ name }) => name === column)] ?? null
      if (value !== null) found.push(...(byValue.get(value) ?? []))
    }
    return found
  }

  has(oid: number): boolean {
    return this.#tables.has(oid)
  }
}

interface TableShapes {
  readonly all: Set<Shape>
  readonly unfiltered: Set<Shape>
  readonly byColumn: Map<string, Map<string, Set<Shape>>>
}

function bucketFor(table: TableShapes, { definition: { where } }: Shape): Set<Shape> {
  if (!where) return table.unfiltered
  const byValue = entry(table.byColumn, where.column, () => new Map<string, Set<Shape>>())
  return entry(byValue, where.value, () => new Set<Shape>())
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
