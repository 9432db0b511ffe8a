import { expect, test } from 'vitest'
import { parseSql, SqlSyntaxError } from './sql-parser.ts'

async function errorOf(sql: string): Promise<SqlSyntaxError> {
  const error = await parseSql(sql).catch((caught: unknown) => caught)
  if (error instanceof SqlSyntaxError) return error
  throw new Error(`${sql.slice(0, 60)} is parsed`)
}

test('a statement is read as PostgreSQL reads it', async () => {
  const [statement, ...others] = await parseSql('SELECT 1 WHERE "Ü" = 0')
  expect(others).toEqual([])
  expect(statement?.stmt.SelectStmt?.whereClause).toEqual({
    A_Expr: {
      kind: 'AEXPR_OP',
      name: [{ String: { sval: '=' } }],
      lexpr: { ColumnRef: { fields: [{ String: { sval: 'Ü' } }], location: 15 } },
      rexpr: { A_Const: { ival: {}, location: 22 } }, // in bytes; a zero is left out
      location: 20,
    },
  })
  const two = await parseSql('SELECT 1; DROP TABLE x')
  expect(two.map(({ stmt }) => Object.keys(stmt))).toEqual([['SelectStmt'], ['DropStmt']])
  expect((await parseSql('SELECT 1;')).map(({ stmt_len }) => stmt_len)).toEqual([8])
})

test("an error has PostgreSQL's words and place", async () => {
  const error = await errorOf('SELECT 1 WHERE 1 x 1')
  expect([error.location, error.message]).toEqual([17, 'syntax error at or near "x"'])
  expect((await errorOf('SELECT 1 WHERE ')).message).toBe('syntax error at end of input')
  expect((await errorOf("SELECT 1 WHERE a = 'x\0' OR true")).message).toContain('0x00')
})

const DEEP: Record<string, (times: number) => string> = {
  NOT: (times) => `${'NOT '.repeat(times)}true`,
  plus: (times) => `1${'+1'.repeat(times)}`,
  minus: (times) => `${'- '.repeat(times)}a`,
  casts: (times) => `1${'::int'.repeat(times)}`,
  tests: (times) => `1${' IS NULL'.repeat(times)}`,
  brackets: (times) => `${'(a OR ('.repeat(times)}1${'))'.repeat(times)}`,
  functions: (times) => `${'f('.repeat(times)}1${')'.repeat(times)}`,
  subqueries: (times) => `${'a IN (SELECT 1 WHERE '.repeat(times)}1${')'.repeat(times)}`,
  unions: (times) => `1${' UNION SELECT 1'.repeat(times)}`,
}

test('what is nested deeply is refused, and the next statement parsed', { timeout: 60_000 }, async () => {
  for (const [name, nest] of Object.entries(DEEP)) {
    for (const times of [700, 4_000, 12_000, 31_000]) {
      const sql = `SELECT 1 WHERE ${nest(times)}`.slice(0, 65_536)
      const error = await errorOf(sql)
      expect(error.message, name).toMatch(/nested too deeply|memory exhausted|syntax error/)
      expect(await parseSql('SELECT 1 WHERE a = 1'), name).toHaveLength(1)
    }
  }
})

test('what is merely long is not', async () => {
  const list = Array.from({ length: 10_000 }, (_, index) => index).join(',')
  const or = Array.from({ length: 4_000 }, (_, index) => `a = ${index}`).join(' OR ')
  for (const sql of [`SELECT 1 WHERE a IN (${list})`, `SELECT 1 WHERE ${or}`]) {
    expect(await parseSql(sql)).toHaveLength(1)
  }
})
