import type { Node, SelectStmt } from 'libpg-query'
import { parseSql, SqlSyntaxError } from '../sql/sql-parser.ts'
import { refuse, WhereError } from './where-error.ts'

const PREFIX = 'SELECT 1 WHERE '
const MAX_BYTES = 64 * 1024

/**
 * The tree of a clause. Locations in it are bytes from the beginning of what was parsed: see `locationOf`.
 * @throws WhereError
 */
export async function parseClause(where: string): Promise<Node> {
  const size = Buffer.byteLength(where)
  if (size > MAX_BYTES) {
    refuse(null, `WHERE clause is bigger than maximum size: ${size} bytes where ${MAX_BYTES} are allowed`)
  }
  const [statement, ...others] = await parseStatements(PREFIX + where)
  const select = statement?.stmt.SelectStmt
  if (!select || others.length > 0 || statement.stmt_len !== undefined) {
    refuse(null, 'unescaped ";" causing statement split')
  }
  const { whereClause, ...rest } = select
  if (!whereClause || Object.keys(rest).some((key) => !WRAPPER.has(key)) || rest.op !== 'SETOP_NONE') {
    refuse(null, 'malformed query ending with SQL clauses')
  }
  return whereClause
}

// A LIMIT says nothing of single rows, and is passed over.
const WRAPPER: ReadonlySet<string> = new Set<keyof SelectStmt>([
  'targetList',
  'op',
  'limitOption',
  'limitCount',
])

async function parseStatements(sql: string) {
  try {
    return await parseSql(sql)
  } catch (error) {
    // These locations alone are told as they are in the whole statement: the real service's way.
    if (error instanceof SqlSyntaxError) throw new WhereError(error.location, error.message)
    throw error
  }
}

export function locationOf(location: number | undefined): number {
  return Math.max((location ?? 0) - PREFIX.length, 0)
}

/** A node's kind and where it stands. */
export function describeNode(node: Node): { kind: string; location: number } {
  const [[kind, fields] = ['Node', {}]] = Object.entries(node) as [string, { location?: number }][] // one key a node
  return { kind, location: locationOf(fields.location) }
}

/** The parts of a name: `{pg_catalog,int4}`. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : '*'))
}

/** Everything that is in a tree, in no certain order. */
export function* nodesOf(root: object): Iterable<object> {
  const open: object[] = [root]
  for (let node = open.pop(); node; node = open.pop()) {
    yield node
    for (const value of Object.values(node)) if (typeof value === 'object' && value !== null) open.push(value)
  }
}
