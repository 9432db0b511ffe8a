import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../http/protocol-error.ts'
import { parseSql } from '../sql/sql-parser.ts'
import { CAST_TARGETS, FUNCTIONS } from './allowed.ts'
import { check, column, EVERYTHING, ITEMS } from './testing.ts'
import { condition, mutated, PARAMS } from './testing-clauses.ts'

const COLUMNS = [...ITEMS.columns, column('score', 1700, 'numeric'), column('code', 1042, 'bpchar')]
const SCOPE = {
  ...EVERYTHING,
  relation: { ...ITEMS, columns: [...COLUMNS, column('uid', 2950, 'uuid'), column('done', 16, 'bool')] },
}
const scope = { ...SCOPE, columns: SCOPE.relation.columns }

async function written(where: string): Promise<string | null> {
  try {
    return (await check({ where, params: PARAMS }, scope)).where
  } catch (error) {
    if (error instanceof ProtocolError && error.status === 400) return null
    throw error
  }
}

const KINDS = new Set(
  `A_Const ParamRef ColumnRef A_Expr BoolExpr NullTest BooleanTest TypeCast FuncCall CoalesceExpr MinMaxExpr
   A_ArrayExpr A_Indirection A_Indices List String Integer SelectStmt ResTarget`.split(/\s+/),
)

/** Walks whatever there is. @returns what is not allowed in it. */
function offences(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([kind, content]) => [
    ...(/^[A-Z]/.test(kind) && !KINDS.has(kind) ? [kind] : []),
    ...(isAllowed(kind, content) ? [] : [content]),
    ...offences(content),
  ])
}

// biome-ignore lint/suspicious/noExplicitAny: what the parser says is looked into without its types
function isAllowed(kind: string, content: any): boolean {
  if (kind === 'ColumnRef') return isOf('subset_row', names(content.fields), isColumn)
  if (kind === 'FuncCall') return isOf('pg_catalog', names(content.funcname), (name) => FUNCTIONS.has(name))
  if (kind === 'typeName') return isOf('pg_catalog', names(content.names), (name) => CAST_TARGETS.has(name))
  return kind !== 'A_Expr' || content.name.length === 1
}

function isOf(owner: string, [first, second, ...rest]: readonly string[], knows: (name: string) => boolean) {
  return first === owner && second !== undefined && knows(second) && rest.length === 0
}

function isColumn(name: string): boolean {
  return scope.columns.some((each) => each.name === name)
}

function names(fields: readonly { String?: { sval: string } }[]): string[] {
  return fields.map((field) => field.String?.sval ?? '*')
}

test('whatever is taken is made of nothing but what is allowed, and means the same when it is read again', {
  timeout: 60_000,
}, async () => {
  let taken = 0
  const clause = fc.oneof(condition, mutated)
  await fc.assert(
    fc.asyncProperty(clause, async (where) => {
      const sql = await written(where)
      if (sql === null) return
      taken++
      expect(offences((await parseSql(`SELECT 1 WHERE ${sql}`))[0])).toEqual([])
      const unqualified = sql.replaceAll('subset_row.', '').replaceAll(/pg_catalog\.(\w+\()/g, '$1')
      expect(await written(unqualified)).toBe(sql)
    }),
    { numRuns: 2_000 },
  )
  expect(taken).toBeGreaterThan(500)
})
