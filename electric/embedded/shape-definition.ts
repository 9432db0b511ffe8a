import { layOut } from './change-messages.ts'
import { electricSchema } from './electric-schema.ts'
import { invalidRequest, snapshotFailed } from './protocol-error.ts'
import type { Column, Relation } from './relation.ts'
import type { ShapeRequest } from './request-params.ts'
import type { Equality } from './where.ts'

/** What a shape is: two requests with the same `key` share one log. */
export interface ShapeDefinition {
  readonly key: string
  readonly relation: Relation
  readonly columns: readonly Column[]
  /** Shapes of all columns end when a column comes or goes; those that name theirs do not. */
  readonly hasExplicitColumns: boolean
  readonly where: Equality | null
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
  /** The `electric-schema` header. */
  readonly schema: string
}

export function defineShape(
  relation: Relation,
  request: Pick<ShapeRequest, 'columns' | 'replica' | 'log'>,
  where: Equality | null,
): ShapeDefinition {
  const columns = selectColumns(relation, request.columns)
  const hasExplicitColumns = request.columns !== null
  const { replica, log } = request
  return {
    key: JSON.stringify([
      relation.oid,
      relation.schema,
      relation.name,
      relation.primaryKey,
      columns.map((column) => column.name),
      hasExplicitColumns,
      where ? [where.column, where.value] : null,
      replica,
      log,
    ]),
    relation,
    columns,
    hasExplicitColumns,
    where,
    replica,
    log,
    schema: electricSchema(columns),
  }
}

/**
 * Table order, whatever the request's.
 * @throws ProtocolError 400
 */
export function selectColumns(relation: Relation, names: readonly string[] | null): readonly Column[] {
  const missing = relation.primaryKey.filter((name) => names !== null && !names.includes(name))
  if (missing.length > 0) {
    throw invalidRequest(
      'columns',
      `The list of columns must include all primary key columns, missing: ${missing.join(', ')}`,
    )
  }
  const unknown = names?.filter((name) => !relation.columns.some((column) => column.name === name)) ?? []
  if (unknown.length > 0) {
    throw invalidRequest('columns', `The following columns are not found on the table: ${unknown.join(', ')}`)
  }
  const selected = relation.columns.filter((column) => names === null || names.includes(column.name))
  refuseUnpublished(selected, names === null)
  return selected
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

/** Whether the shape can go on over what the catalog says of its table now. */
export function holdsOn(definition: ShapeDefinition, now: Relation): boolean {
  const { relation } = definition
  const isSameTable = now.oid === relation.oid && now.schema === relation.schema && now.name === relation.name
  const hasSameKey = JSON.stringify(now.primaryKey) === JSON.stringify(relation.primaryKey)
  const announced = now.columns.filter((column) => column.isPublished)
  return (
    isSameTable && hasSameKey && now.replicationProblem === null && layOut(definition, announced) !== null
  )
}

/** @throws ProtocolError 503 when changes of the table would not arrive. */
export function requireReplicated(relation: Relation): void {
  if (relation.replicationProblem !== null) throw snapshotFailed(relation.replicationProblem)
}
