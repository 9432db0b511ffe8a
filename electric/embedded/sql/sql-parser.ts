import type { SelectStmt } from 'libpg-query'
import createInstance, { type ParserInstance } from 'libpg-query/wasm/libpg-query.js'

/** One statement, as the parser's JSON has it. */
export interface Statement {
  readonly stmt: { readonly SelectStmt?: SelectStmt }
  /** There where a semicolon ends it. */
  readonly stmt_len?: number
}

export class SqlSyntaxError extends Error {
  override name = 'SqlSyntaxError'
  /** 0-based, in characters. */
  readonly location: number

  constructor(message: string, location: number) {
    super(message)
    this.location = location
  }
}

// Of the tree's objects and lists: an operator's operand is two or three further in.
const MAX_DEPTH = 600

let instance: ParserInstance | null = await createInstance()

/**
 * PostgreSQL's own parser. Whatever the text is, the answer is a tree that is not too deep to be recursed over, or
 * @throws SqlSyntaxError
 */
export async function parseSql(sql: string): Promise<readonly Statement[]> {
  const zero = sql.indexOf('\0')
  if (zero !== -1) throw new SqlSyntaxError('invalid byte sequence for encoding "UTF8": 0x00', zero)
  instance ??= await createInstance()
  const tree = parse(instance, sql)
  if (isDeeper(tree, MAX_DEPTH)) throw new SqlSyntaxError('the expression is nested too deeply', 0)
  return tree.stmts
}

interface ParseTree {
  readonly stmts: readonly Statement[]
}

function parse(parser: ParserInstance, sql: string): ParseTree {
  try {
    return parseWith(parser, sql)
  } catch (error) {
    if (error instanceof SqlSyntaxError) throw error
    // It ran out of stack, and was left in the middle of its work: never to be used again.
    instance = null
    throw new SqlSyntaxError('the expression is nested too deeply', 0)
  }
}

function parseWith(parser: ParserInstance, sql: string): ParseTree {
  const length = parser.lengthBytesUTF8(sql) + 1
  const input = parser._malloc(length)
  parser.stringToUTF8(sql, input, length)
  const result = parser._wasm_parse_query_raw(input)
  const field = (pointer: number, index: number) => parser.getValue(pointer + 4 * index, 'i32')
  try {
    // { tree, messages, error }, the error { message, function, file, line, position, context }
    const error = field(result, 2)
    if (error === 0) return JSON.parse(parser.UTF8ToString(field(result, 0)))
    throw new SqlSyntaxError(parser.UTF8ToString(field(error, 0)), Math.max(field(error, 4) - 1, 0))
  } finally {
    parser._free(input)
    parser._wasm_free_parse_result(result)
  }
}

/** Goes level by level: this must not exhaust the stack itself. */
function isDeeper(tree: object, limit: number): boolean {
  let level: object[] = [tree]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true
    const next: object[] = []
    for (const each of level) {
      for (const value of Object.values(each))
        if (typeof value === 'object' && value !== null) next.push(value)
    }
    level = next
  }
  return false
}
