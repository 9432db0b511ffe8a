import type { Sql } from 'postgres'
import { BoundedMap } from './bounded-map.ts'
import { isDatabaseUnreachable } from './database-errors.ts'
import { databaseUnreachable, invalidRequest } from './protocol-error.ts'
import type { RelationReader } from './publishing.ts'
import type { Relation } from './relation.ts'
import {
  type DefinitionRequest,
  defineShape,
  requireReplicated,
  type ShapeDefinition,
  selectColumns,
} from './shape-definition.ts'
import type { Where } from './where/index.ts'
import {
  equalityWhere,
  invalidValue,
  parseWhere,
  streamedText,
  type UnreadEquality,
} from './where/single-equality.ts'

/**
 * From a request to the shape it means, by way of the catalog.
 * Answers are kept, because every long-poll asks again; `forget` them when a table may have changed.
 */
export class DefinitionResolver {
  readonly #sql: Sql
  readonly #readTable: RelationReader
  readonly #resolved = new BoundedMap<string, ShapeDefinition>(20_000)
  // An answer that was under way while the catalog changed must not be kept.
  #generation = 0

  constructor(sql: Sql, readTable: RelationReader) {
    this.#sql = sql
    this.#readTable = readTable
  }

  forget(): void {
    this.#generation++
    this.#resolved.clear()
  }

  /** @throws ProtocolError */
  resolve(request: DefinitionRequest): ShapeDefinition | Promise<ShapeDefinition> {
    const key = requestKey(request)
    return this.#resolved.get(key) ?? this.#read(key, request)
  }

  async #read(key: string, request: DefinitionRequest): Promise<ShapeDefinition> {
    const generation = this.#generation
    const definition = await this.#define(request).catch((error: unknown) => {
      throw isDatabaseUnreachable(error) ? databaseUnreachable() : error
    })
    if (generation === this.#generation) this.#resolved.set(key, definition)
    return definition
  }

  async #define(request: DefinitionRequest): Promise<ShapeDefinition> {
    const { schema, name } = request.table
    const relation = await this.#readTable(request.table)
    if (!relation) {
      throw invalidRequest(
        'table',
        `Table "${schema}"."${name}" does not exist. If the table name contains capitals or special characters you must quote it.`,
      )
    }
    selectColumns(relation, request) // before `where`, whose faults are named later
    const where = await this.#readWhere(request, relation)
    requireReplicated(relation)
    return defineShape(relation, request, where)
  }

  async #readWhere(request: DefinitionRequest, relation: Relation): Promise<Where | null> {
    if (request.where === null) return null
    const predicate = parseWhere(request.where, request.params, relation)
    return equalityWhere(predicate, await this.#canonicalValue(predicate))
  }

  // Postgres itself reads the value, so that `{A0EEBC99-…}` finds the uuid which the stream prints as `a0eebc99-…`.
  async #canonicalValue(predicate: UnreadEquality): Promise<string> {
    const { castTo, parameter } = predicate
    if (parameter.includes('\0')) throw invalidValue(predicate)
    try {
      const rows = await this.#sql.unsafe<{ value: string }[]>(`SELECT $1::text::${castTo}::text AS value`, [
        parameter,
      ])
      return streamedText(castTo, rows[0]?.value ?? '')
    } catch (error) {
      throw isInvalidText(error) ? invalidValue(predicate) : error
    }
  }
}

function requestKey({
  table,
  where,
  params,
  columns,
  queryableColumns,
  replica,
  log,
}: DefinitionRequest): string {
  return JSON.stringify([
    table.schema,
    table.name,
    where,
    where === null ? null : [...params],
    columns,
    queryableColumns,
    replica,
    log,
  ])
}

// invalid_text_representation, numeric_value_out_of_range
function isInvalidText(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '22P02' || error.code === '22003')
}
