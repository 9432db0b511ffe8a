import fc from 'fast-check'
import { COLUMN_KINDS, COUNTER, type ColumnKind } from './column-kinds.ts'
import { quoted } from './sql-text.ts'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  readonly isNotNull: boolean
}

export interface Table {
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** In the key's own order; none where there is no primary key. */
  readonly primaryKey: readonly Column[]
  /** What no two rows have in common: the primary key or, without one, a unique column. */
  readonly identity: readonly Column[]
}

const SCHEMAS = ['public', 'public', 'odd "schema"/.x']
const TABLE_NAMES = [
  'notes',
  'Mixed Case',
  'we"ird',
  'sl/ash',
  'a.b',
  'select',
  'ünï',
  "quo'te",
  'n'.repeat(63),
]
const COLUMN_NAMES = [
  ...[
    'id',
    'Title',
    'a.b',
    'x/y',
    'q"z',
    'comma,ed',
    'order',
    'ünï',
    '$1',
    'back\\slash',
    "it's",
    'with space',
  ],
  ...['value', 'key', 'headers', 'constructor'],
]

const name = fc.constantFrom(...COLUMN_NAMES)
const keyKind = fc.constantFrom(...COLUMN_KINDS.filter((kind) => kind.isKey))
const singleKeyKind = fc.constantFrom(...COLUMN_KINDS.filter((kind) => kind.isKey && kind.isInjective))
const anyKind = fc.constantFrom(...COLUMN_KINDS)

// The first column of a key tells its rows apart; the others stand before it as often as after.
const keyKinds: fc.Arbitrary<readonly ColumnKind[]> = fc.oneof(
  { weight: 5, arbitrary: singleKeyKind.map((kind) => [kind]) },
  { weight: 3, arbitrary: fc.tuple(singleKeyKind, keyKind) },
  { weight: 1, arbitrary: fc.tuple(singleKeyKind, keyKind, keyKind) },
  { weight: 2, arbitrary: fc.constant([]) },
)

const table: fc.Arbitrary<Omit<Table, 'schema' | 'name'>> = fc
  .record({
    keys: keyKinds,
    others: fc.array(fc.tuple(anyKind, fc.boolean()), { minLength: 1, maxLength: 6, size: 'max' }),
    names: fc.uniqueArray(name, { minLength: 11, maxLength: 11, size: 'max' }),
    order: fc.array(fc.nat(1_000), { minLength: 11, maxLength: 11, size: 'max' }),
    keyOrder: fc.boolean(),
  })
  .map(({ keys, others, names, order, keyOrder }) => {
    const nameOf = (index: number) => names[index] ?? `column ${index}`
    const key = keys.map((kind, index) => ({ name: nameOf(index), kind, isNotNull: true }))
    const rest = others.map(([kind, isNotNull], index) => {
      // The official client takes no null within an array of a column that may not be null.
      const isArray = kind.type.endsWith('[]')
      return { name: nameOf(keys.length + index), kind, isNotNull: isNotNull && !isArray }
    })
    const unique = key.length > 0 ? [] : [{ name: nameOf(10), kind: COUNTER, isNotNull: true }]
    const columns = shuffled([...key, ...rest, ...unique], order)
    const primaryKey = keyOrder ? [...key].reverse() : key
    return { columns, primaryKey, identity: key.length > 0 ? key : unique }
  })

function shuffled<T>(items: readonly T[], order: readonly number[]): T[] {
  const ranked = items.map((item, index) => ({ item, rank: order[index] ?? 0 }))
  return ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item)
}

export const tables: fc.Arbitrary<readonly Table[]> = fc
  .tuple(
    fc.array(table, { minLength: 1, maxLength: 3, size: 'max' }),
    fc.uniqueArray(fc.constantFrom(...TABLE_NAMES), { minLength: 3, maxLength: 3 }),
    fc.constantFrom(...SCHEMAS),
  )
  .map(([bodies, names, schema]) => {
    return bodies.map((body, index) => ({ ...body, schema, name: names[index] ?? 'notes' }))
  })

export function tableSql({ schema, name }: Table): string {
  return `${quoted(schema)}.${quoted(name)}`
}

export function createTableSql(table: Table): string {
  const columns = table.columns.map(
    ({ name, kind, isNotNull }) => `${quoted(name)} ${kind.type}${isNotNull ? ' NOT NULL' : ''}`,
  )
  const names = (of: readonly Column[]) => of.map((column) => quoted(column.name)).join(', ')
  const constraint =
    table.primaryKey.length > 0
      ? `PRIMARY KEY (${names(table.primaryKey)})`
      : `UNIQUE (${names(table.identity)})`
  return `CREATE TABLE ${tableSql(table)} (${[...columns, constraint].join(', ')})`
}

/** As a migration does it: with all of a row in each change. */
export function publishTableSql(table: Table): string {
  return [
    `ALTER TABLE ${tableSql(table)} REPLICA IDENTITY FULL`,
    `ALTER PUBLICATION electric_publication_default ADD TABLE ${tableSql(table)}`,
  ].join('; ')
}

export function dropTableSql(table: Table): string {
  return `DROP TABLE IF EXISTS ${tableSql(table)}`
}
