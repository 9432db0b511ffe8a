import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { StreamedRelation, Tuple } from '../replication/pgoutput.ts'
import type { Dependency } from '../where/index.ts'
import type { Shape } from './shape.ts'

/** All that the index needs to know of a shape. */
export interface Indexed {
  readonly definition: Pick<ShapeDefinition, 'relation' | 'where'>
}

/**
 * Finds the shapes that a change concerns, by table and by the value of a column that they select on:
 * for those the work does not grow with their number. The others' predicates are evaluated one by one.
 */
export class ShapeIndex<Each extends Indexed = Shape> {
  readonly #tables = new Map<number, TableShapes<Each>>()
  /** By the tables that they read besides their own. */
  readonly #dependents = new Map<number, Map<Each, readonly Dependency[]>>()

  add(shape: Each): void {
    const { relation, where } = shape.definition
    const table = entry(this.#tables, relation.oid, () => new TableShapes<Each>())
    table.add(shape)
    for (const [oid, dependencies] of Map.groupBy(
      where?.dependencies ?? [],
      ({ relation }) => relation.oid,
    )) {
      entry(this.#dependents, oid, () => new Map()).set(shape, dependencies)
    }
  }

  remove(shape: Each): void {
    const { relation, where } = shape.definition
    const table = this.#tables.get(relation.oid)
    table?.remove(shape)
    if (table?.all.size === 0) this.#tables.delete(relation.oid)
    for (const { relation } of where?.dependencies ?? []) {
      const dependents = this.#dependents.get(relation.oid)
      dependents?.delete(shape)
      if (dependents?.size === 0) this.#dependents.delete(relation.oid)
    }
  }

  /** All shapes of a table. */
  ofTable(oid: number): Iterable<Each> {
    return this.#tables.get(oid)?.all.keys() ?? []
  }

  /** All shapes whose predicate reads a table besides their own. */
  dependingOn(oid: number): Iterable<Each> {
    return this.#dependents.get(oid)?.keys() ?? []
  }

  /** The shapes that contain a row. */
  containing(relation: StreamedRelation, row: Tuple): readonly Each[] {
    return this.#tables.get(relation.oid)?.containing(relation, row) ?? []
  }

  /**
   * The shapes that cannot go on past a change: it may alter what their predicate read elsewhere, or it is
   * one of their own rows and their predicate has read nothing yet.
   */
  *dependents(relation: StreamedRelation, old: Tuple | null, row: Tuple | null): Iterable<Each> {
    for (const [shape, dependencies] of this.#dependents.get(relation.oid) ?? []) {
      if (dependencies.some((dependency) => dependency.affects(relation, old, row))) yield shape
    }
    for (const shape of this.#tables.get(relation.oid)?.loading() ?? []) yield shape
  }

  /** Whether a change of the table concerns any shape. */
  has(oid: number): boolean {
    return this.#tables.has(oid) || this.#dependents.has(oid)
  }
}

class TableShapes<Each extends Indexed> {
  readonly all = new Map<Each, BoundShape<Each>>()
  readonly #columns = new Map<string, ColumnShapes<Each>>()
  /** Found by no column's value. */
  readonly #others = new Set<BoundShape<Each>>()
  readonly #withDependencies = new Set<Each>()

  add(shape: Each): void {
    const bound = new BoundShape(shape)
    this.all.set(shape, bound)
    const { where } = shape.definition
    if (where && where.dependencies.length > 0) this.#withDependencies.add(shape)
    if (!where?.equality) {
      this.#others.add(bound)
      return
    }
    const { column, value } = where.equality
    entry(this.#columns, column, () => new ColumnShapes<Each>(column)).add(value, bound)
  }

  remove(shape: Each): void {
    const bound = this.all.get(shape)
    if (!bound) return
    this.all.delete(shape)
    this.#others.delete(bound)
    this.#withDependencies.delete(shape)
    const equality = shape.definition.where?.equality
    if (!equality) return
    const column = this.#columns.get(equality.column)
    column?.remove(equality.value, bound)
    if (column?.isEmpty) this.#columns.delete(equality.column)
  }

  containing(relation: StreamedRelation, row: Tuple): readonly Each[] {
    const found: Each[] = []
    for (const column of this.#columns.values()) {
      for (const bound of column.matching(relation, row)) {
        if (bound.contains(relation, row)) found.push(bound.shape)
      }
    }
    for (const bound of this.#others) if (bound.contains(relation, row)) found.push(bound.shape)
    return found
  }

  *loading(): Iterable<Each> {
    for (const shape of this.#withDependencies) if (shape.definition.where?.needsLoad) yield shape
  }
}

/** The shapes that select on one column, by its value. */
class ColumnShapes<Each extends Indexed> {
  readonly #name: string
  readonly #byValue = new Map<string, Set<BoundShape<Each>>>()
  #relation: StreamedRelation | null = null
  #index = -1

  constructor(name: string) {
    this.#name = name
  }

  get isEmpty(): boolean {
    return this.#byValue.size === 0
  }

  add(value: string, bound: BoundShape<Each>): void {
    entry(this.#byValue, value, () => new Set<BoundShape<Each>>()).add(bound)
  }

  remove(value: string, bound: BoundShape<Each>): void {
    const shapes = this.#byValue.get(value)
    shapes?.delete(bound)
    if (shapes?.size === 0) this.#byValue.delete(value)
  }

  matching(relation: StreamedRelation, row: Tuple): Iterable<BoundShape<Each>> {
    if (relation !== this.#relation) {
      this.#relation = relation
      this.#index = relation.columns.findIndex(({ name }) => name === this.#name)
    }
    // NULL equals nothing; a column that is gone ended its shapes when the new columns were announced.
    const value = row[this.#index] ?? null
    return value === null ? NONE : (this.#byValue.get(value) ?? NONE)
  }
}

const NONE: readonly never[] = []

/** A shape with its predicate compiled for the columns as they were announced last. */
class BoundShape<Each extends Indexed> {
  readonly shape: Each
  readonly #isCertain: boolean
  #relation: StreamedRelation | null = null
  #test: (row: Tuple) => boolean = () => false

  constructor(shape: Each) {
    this.shape = shape
    const { where } = shape.definition
    this.#isCertain = where === null || where.equality?.isWhole === true
  }

  contains(relation: StreamedRelation, row: Tuple): boolean {
    if (this.#isCertain) return true
    const { where } = this.shape.definition
    if (!where || where.needsLoad) return false
    if (relation !== this.#relation) {
      this.#test = where.bind(relation.columns)
      this.#relation = relation
    }
    return this.#test(row)
  }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
