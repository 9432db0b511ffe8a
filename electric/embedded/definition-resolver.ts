import type { Sql } from 'postgres'
import { BoundedMap } from './bounded-map.ts'
import { isDatabaseUnreachable } from './database-errors.ts'
import { databaseUnreachable, invalidRequest } from './protocol-error.ts'
import type { RelationReader } from './publishing.ts'
import type { Relation } from './relation.ts'
import { queryOn } from './relation-catalog.ts'
import {
  type DefinitionRequest,
  defineShape,
  requireReplicated,
  type ShapeDefinition,
  selectColumns,
} from './shape-definition.ts'
import { defineWhere } from './where/define-where.ts'
import type { Where } from './where/index.ts'

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
    const where = request.where === null ? null : await this.#readWhere(request.where, request, relation)
    for (const each of [relation, ...(where?.dependencies ?? []).map((dependency) => dependency.relation)]) {
      requireReplicated(each)
    }
    return defineShape(relation, request, where)
  }

  #readWhere(where: string, { params }: DefinitionRequest, relation: Relation): Promise<Where> {
    return defineWhere(where, params, relation, { query: queryOn(this.#sql), readTable: this.#readTable })
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
