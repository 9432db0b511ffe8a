import type { Node } from 'libpg-query'
import type { RelationReader } from '../catalog/publishing.ts'
import type { Relation } from '../catalog/relation.ts'
import type { Query } from '../catalog/relation-catalog.ts'
import { invalidRequest } from '../http/protocol-error.ts'
import { checkClause } from './check.ts'
import { columnNames, subqueryTables, tableKey } from './check-subquery.ts'
import { CheckedWhere } from './checked-where.ts'
import type { Params } from './coercion.ts'
import { readColumnTypes } from './column-types.ts'
import { resolveConstants } from './constants.ts'
import type { CaseFold, Condition, Constant, Like } from './expression.ts'
import type { Where } from './index.ts'
import type { Folding, Letters } from './letters.ts'
import { type LikePattern, readLikePattern } from './like-pattern.ts'
import type { Scope } from './scope.ts'
import { parseClause } from './syntax.ts'
import { traverseAll } from './traverse.ts'
import { refuse, WhereError } from './where-error.ts'

export interface Database {
  readonly query: Query
  readonly readTable: RelationReader
  readonly letters: Letters
}

/** @throws ProtocolError 400 for whatever is not certain to mean here what it means to Postgres */
export async function defineWhere(
  where: string,
  params: ReadonlyMap<number, string>,
  relation: Relation,
  database: Database,
): Promise<Where> {
  try {
    return await define(where, params, relation, database)
  } catch (error) {
    if (!(error instanceof WhereError)) throw error
    const place = error.location === null ? '' : `At location ${error.location}: `
    throw invalidRequest('where', place + error.message)
  }
}

async function define(
  where: string,
  texts: ReadonlyMap<number, string>,
  relation: Relation,
  database: Database,
): Promise<Where> {
  const clause = await parseClause(where)
  const names = columnNames(clause)
  const scope = await readScope(database, relation, names)
  const subscopes = await readSubscopes(database, clause, names)
  const params: Params = { texts, types: new Map(), used: new Set() }
  const condition = checkClause({ scope, params, subscopes }, clause)
  requireAllUsed(params)
  const resolved = await resolveConstants(database.query, constantsOf(condition))
  await requireKnownLetters(database, condition)
  const foldings = await readFoldings(database, condition)
  return new CheckedWhere({ condition, resolved, foldings, patterns: patternsOf(condition, resolved) })
}

async function readScope(
  { query }: Database,
  relation: Relation,
  names: ReadonlySet<string>,
): Promise<Scope> {
  return { relation, types: await readColumnTypes(query, relation, names) }
}

async function readSubscopes(
  database: Database,
  clause: Node,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Scope>> {
  const scopes = new Map<string, Scope>()
  for (const table of subqueryTables(clause)) {
    const relation = isSystemSchema(table.schema) ? null : await database.readTable(table)
    if (!relation) {
      return refuse(
        null,
        `Table "${table.schema}"."${table.name}" does not exist. If the table name contains capitals or special characters you must quote it.`,
      )
    }
    scopes.set(tableKey(table), await readScope(database, relation, names))
  }
  return scopes
}

function isSystemSchema(schema: string): boolean {
  return schema.startsWith('pg_') || schema === 'information_schema'
}

// One that is given and not used is a mistake: what it was to restrict is not restricted.
function requireAllUsed({ texts, used }: Params): void {
  for (const number of texts.keys()) {
    if (!used.has(number)) refuse(0, `parameter value for $${number} was not used`)
  }
}

function constantsOf(condition: Condition): Constant[] {
  const constants: Constant[] = []
  traverseAll(condition, { constant: (constant) => constants.push(constant) })
  return constants
}

// In another encoding neither the order of texts nor what a single character is must be what it is here.
async function requireKnownLetters({ query, letters }: Database, condition: Condition): Promise<void> {
  let location: number | null = null
  traverseAll(condition, {
    like: ({ pattern }) => {
      location ??= pattern.location
    },
    ordering: ({ left, domain }) => {
      if (domain.isCollated) location ??= left.location
    },
  })
  if (location === null || (await letters.areUtf8(query))) return
  refuse(location, 'texts are ordered and matched only in a database whose encoding is UTF8')
}

async function readFoldings(
  { query, letters }: Database,
  condition: Condition,
): Promise<ReadonlyMap<CaseFold, Folding>> {
  const folds: CaseFold[] = []
  traverseAll(condition, { fold: (fold) => folds.push(fold) })
  const found = new Map<CaseFold, Folding>()
  for (const fold of folds) {
    const folding = await letters.folding(query, fold.collationOf, fold.name)
    if (!folding) return refuse(fold.location, 'letters have no certain other case under this collation')
    found.set(fold, folding)
  }
  return found
}

function patternsOf(
  condition: Condition,
  resolved: ReadonlyMap<Constant, string | null>,
): ReadonlyMap<Like, LikePattern | null> {
  const patterns = new Map<Like, LikePattern | null>()
  traverseAll(condition, {
    like: (like) => {
      const pattern = resolved.get(like.pattern) ?? null
      const escapedBy = like.escapedBy ? (resolved.get(like.escapedBy) ?? null) : '\\'
      patterns.set(
        like,
        pattern === null || escapedBy === null ? null : readPattern(like, pattern, escapedBy),
      )
    },
  })
  return patterns
}

function readPattern(like: Like, pattern: string, escapedBy: string): LikePattern {
  const read = readLikePattern(pattern, escapedBy)
  if (read) return read
  if ([...escapedBy].length > 1) return refuse(like.escapedBy?.location ?? null, 'invalid escape string')
  return refuse(like.pattern.location, 'LIKE pattern must not end with escape character')
}
