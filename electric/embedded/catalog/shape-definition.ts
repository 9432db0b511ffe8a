import { invalidRequest, snapshotFailed } from '../http/protocol-error.ts'
import { layOut } from '../replication/change-messages.ts'
import type { Where } from '../where/index.ts'
import { electricSchema } from './electric-schema.ts'
import type { RelationName } from './identifiers.ts'
import type { Column, Relation } from './relation.ts'

/** What a shape is: two requests with the same `key` share one log. */
export interface ShapeDefinition {
  readonly key: string
  readonly relation: Relation
  readonly columns: readonly Column[]
  /** Shapes of all columns end when a column comes or goes; those that name theirs do not. */
  readonly hasExplicitColumns: boolean
  readonly where: Where | null
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
  /** What a subset may filter and sort by; null when by every column. */
  readonly queryableColumns: readonly string[] | null
  /** The `electric-schema` header. */
  readonly schema: string
  /** What it was made of, and can be made of again. */
  readonly request: DefinitionRequest
}

/** What defines a shape, as it was asked for. */
export interface DefinitionRequest {
  readonly table: RelationName
  readonly where: string | null
  readonly params: ReadonlyMap<number, string>
  readonly columns: readonly string[] | null
  readonly queryableColumns: readonly string[] | null
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
}

export function defineShape(
  relation: Relation,
  request: DefinitionRequest,
  where: Where | null,
): ShapeDefinition {
  const columns = selectColumns(relation, request)
  const { table, params, queryableColumns, replica, log } = request
  const hasExplicitColumns = request.columns !== null || queryableColumns !== null
  return {
    key: JSON.stringify([
      relation.oid,
      relation.schema,
      relation.name,
      relation.primaryKey,
      columns.map((column) => column.name),
      hasExplicitColumns,
      where?.key ?? null,
      replica,
      log,
    ]),
    relation,
    columns,
    hasExplicitColumns,
    where,
    replica,
    log,
    queryableColumns,
    schema: electricSchema(columns),
    request: {
      table,
      where: request.where,
      params,
      columns: request.columns,
      queryableColumns,
      replica,
      log,
    },
  }
}

/**
 * Table order, whatever the request's.
 * @throws ProtocolError 400
 */
export function selectColumns(
  relation: Relation,
  { columns, queryableColumns }: Pick<DefinitionRequest, 'columns' | 'queryableColumns'>,
): readonly Column[] {
  if (queryableColumns) requireColumns(relation, 'queryable_columns', queryableColumns)
  if (columns) requireColumns(relation, 'columns', columns)
  const names = columns ?? queryableColumns
  const selected = relation.columns.filter((column) => names === null || names.includes(column.name))
  refuseUnpublished(selected, names === null)
  return selected
}

function requireColumns(
  relation: Relation,
  parameter: 'columns' | 'queryable_columns',
  names: readonly string[],
): void {
  const list = parameter.replace('_', ' ')
  const missing = relation.primaryKey.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    throw invalidRequest(
      parameter,
      `The list of ${list} must include all primary key columns, missing: ${missing.join(', ')}`,
    )
  }
  const unknown = names.filter((name) => !relation.columns.some((column) => column.name === name))
  if (unknown.length > 0) {
    throw invalidRequest(parameter, `The following ${list} are not found on the table: ${unknown.join(', ')}`)
  }
}

function refuseUnpublished(selected: readonly Column[], isImplicit: boolean): void {
  const generated = selected.filter((column) => column.isGenerated && !column.isPublished)
  if (generated.length === 0) return
  const advice = isImplicit
    ? ". You can exclude them from the shape by explicitly listing which columns to fetch in the 'columns' query param"
    : ''
  throw invalidRequest(
    'columns',
    `The following columns are generated and cannot be included in the shape: ${generated.map((column) => column.name).join(', ')}${advice}`,
  )
}

/** Whether the shape can go on over what the catalog says now of its table, or of one that its clause reads. */
export function holdsOn(definition: ShapeDefinition, now: Relation): boolean {
  const { relation, where } = definition
  const read = (where?.dependencies ?? []).map((dependency) => dependency.relation)
  return (
    now.replicationProblem === null &&
    (!isNamedAs(relation, now) || isOwnTable(definition, now)) &&
    read.every((table) => !isNamedAs(table, now) || isTableRead(table, now))
  )
}

function isNamedAs({ schema, name }: Relation, now: Relation): boolean {
  return now.schema === schema && now.name === name
}

function isOwnTable(definition: ShapeDefinition, now: Relation): boolean {
  const { relation } = definition
  const hasSameKey = JSON.stringify(now.primaryKey) === JSON.stringify(relation.primaryKey)
  const announced = now.columns.filter((column) => column.isPublished)
  const isSame = now.oid === relation.oid && now.publishedAs === relation.publishedAs
  return isSame && hasSameKey && layOut(definition, announced) !== null
}

function isTableRead(table: Relation, now: Relation): boolean {
  const columns = now.columns.map(({ name, typeOid }) => `${typeOid} ${name}`)
  return (
    now.oid === table.oid &&
    now.publishedAs === table.publishedAs &&
    table.columns.every(({ name, typeOid }) => columns.includes(`${typeOid} ${name}`))
  )
}

/** Its own table, and those that its clause reads. */
export function tablesOf({ relation, where }: ShapeDefinition): readonly Relation[] {
  return [relation, ...(where?.dependencies ?? []).map((dependency) => dependency.relation)]
}

/** @throws ProtocolError 503 when changes of the table would not arrive. */
export function requireReplicated(relation: Relation): void {
  if (relation.replicationProblem !== null) throw snapshotFailed(relation.replicationProblem)
}
