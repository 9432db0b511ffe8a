import type { Node, SelectStmt } from 'libpg-query'
import { parseSql, SqlSyntaxError, type Statement } from '../sql/sql-parser.ts'
import { BEFORE_ORDER_BY, BEFORE_WHERE, Refusal } from './refusal.ts'

const MAX_BYTES = 64 * 1024

/** @throws Refusal unless the text is one expression and nothing else. */
export async function parseWhereClause(where: string): Promise<Node> {
  const statement = await parseClause(BEFORE_WHERE, where, 'unescaped ";" causing statement split')
  const { whereClause, ...rest } = statement
  if (!whereClause || !isWrapper(rest)) throw new Refusal('malformed query ending with SQL clauses')
  return whereClause
}

/** @throws Refusal unless the text is a list to sort by and nothing else. */
export async function parseOrderByClause(orderBy: string): Promise<readonly Node[]> {
  const statement = await parseClause(BEFORE_ORDER_BY, orderBy, 'Unexpected `;` in order by')
  const { sortClause, ...rest } = statement
  if (!sortClause || !isWrapper(rest)) throw new Refusal('malformed query ending with SQL clauses')
  return sortClause
}

async function parseClause(before: string, clause: string, whenSplit: string): Promise<SelectStmt> {
  if (Buffer.byteLength(clause) > MAX_BYTES) {
    throw new Refusal(`is bigger than maximum size allowed (${MAX_BYTES} bytes)`)
  }
  const [first, ...others] = await parseStatements(before + clause)
  // A statement has a length only where a semicolon ends it.
  if (others.length > 0 || first?.stmt_len !== undefined) throw new Refusal(whenSplit)
  if (!first?.stmt.SelectStmt) throw new Refusal('malformed query')
  return first.stmt.SelectStmt
}

async function parseStatements(sql: string): Promise<readonly Statement[]> {
  try {
    return await parseSql(sql)
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error
    throw new Refusal(`At location ${error.location}: ${error.message}`)
  }
}

// The SELECT around the clause has a list of one; all else came with the clause.
function isWrapper({ targetList, limitOption, op, ...rest }: Partial<SelectStmt>): boolean {
  const isPlain = limitOption === 'LIMIT_OPTION_DEFAULT' && op === 'SETOP_NONE'
  return isPlain && targetList?.length === 1 && Object.keys(rest).length === 0
}
