import type { Sql } from 'postgres'
import { databaseUnreachable, invalidRequest, ProtocolError } from '../http/protocol-error.ts'
import { BoundedMap } from '../shape/bounded-map.ts'
import { type Database, defineWhere } from '../where/define-where.ts'
import type { Where } from '../where/index.ts'
import { Letters } from '../where/letters.ts'
import { isDatabaseUnreachable } from './database-errors.ts'
import type { RelationName } from './identifiers.ts'
import type { RelationReader } from './publishing.ts'
import type { Relation } from './relation.ts'
import { queryOn } from './relation-catalog.ts'
import {
  type DefinitionRequest,
  defineShape,
  requireReplicated,
  type ShapeDefinition,
  selectColumns,
  tablesOf,
} from './shape-definition.ts'

/**
 * From a request to the shape it means, by way of the catalog.
 * Answers are kept, because every long-poll asks again; `forget` them when a table may have changed.
 */
export class DefinitionResolver {
  readonly #readTable: RelationReader
  readonly #database: Database
  readonly #relations = new Map<string, Promise<Relation | null>>()
  readonly #resolved = new BoundedMap<string, ShapeDefinition>(20_000)
  // An answer that was under way while the catalog changed must not be kept.
  #generation = 0

  constructor(sql: Sql, readTable: RelationReader) {
    this.#database = { query: queryOn(sql), readTable, letters: new Letters() }
    this.#readTable = (name) => this.#readOnce(name, readTable)
  }

  forget(): void {
    this.#generation++
    this.#resolved.clear()
    this.#relations.clear()
  }

  // A table is read once for all shapes of it. What is refused is read again: it may be mended at any time.
  #readOnce(name: RelationName, read: RelationReader): Promise<Relation | null> {
    const key = JSON.stringify([name.schema, name.name])
    const known = this.#relations.get(key)
    if (known) return known
    const reading = read(name)
    this.#relations.set(key, reading)
    const drop = () => {
      if (this.#relations.get(key) === reading) this.#relations.delete(key)
    }
    reading.then((relation) => (relation?.replicationProblem === null ? undefined : drop()), drop)
    return reading
  }

  /** @throws ProtocolError */
  resolve(request: DefinitionRequest): ShapeDefinition | Promise<ShapeDefinition> {
    const key = requestKey(request)
    return this.#resolved.get(key) ?? this.#read(key, request)
  }

  async #read(key: string, request: DefinitionRequest): Promise<ShapeDefinition> {
    const generation = this.#generation
    const definition = await this.#defineAfresh(request).catch((error: unknown) => {
      throw isDatabaseUnreachable(error) ? databaseUnreachable() : error
    })
    if (generation === this.#generation) this.#resolved.set(key, definition)
    return definition
  }

  // What is known of a table may be old, and no write has told so yet: a refusal is given by what it is now.
  async #defineAfresh(request: DefinitionRequest): Promise<ShapeDefinition> {
    const isKnown = this.#relations.size > 0
    try {
      return await this.#define(request)
    } catch (error) {
      if (!isKnown || !(error instanceof ProtocolError)) throw error
      this.#relations.clear()
      return this.#define(request)
    }
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
    const definition = defineShape(relation, request, where)
    for (const table of tablesOf(definition)) requireReplicated(table)
    return definition
  }

  #readWhere(where: string, { params }: DefinitionRequest, relation: Relation): Promise<Where> {
    return defineWhere(where, params, relation, this.#database)
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
