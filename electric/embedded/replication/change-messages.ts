import type { Column, Relation } from '../catalog/relation.ts'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Tuple } from './pgoutput.ts'

/** A message of the log but for `last`, which is known only at the transaction's end. */
export interface UnfinishedMessage {
  readonly op: number
  readonly head: string
  readonly tail: string
}

export interface ChangePosition {
  readonly xid: number
  readonly lsn: bigint
  readonly op: number
}

/** Where a shape's columns stand in the tuples of one announced relation. */
export interface TupleLayout {
  readonly definition: ShapeDefinition
  readonly selected: readonly PlacedColumn[]
  /** The primary key's columns, in its order. */
  readonly key: readonly PlacedColumn[]
}

interface PlacedColumn {
  /** `"name":`, ready to be written. */
  readonly label: string
  readonly index: number
  readonly isKey: boolean
  readonly isBoolean: boolean
}

const BOOL = 16

/** @returns null when the announced columns are no longer those that the shape was made of. */
export function layOut(
  definition: ShapeDefinition,
  announced: readonly { name: string; typeOid: number; typeModifier: number }[],
): TupleLayout | null {
  const { columns, hasExplicitColumns, relation, where } = definition
  if (!hasExplicitColumns && announced.length !== relation.columns.length - unpublished(relation)) return null
  const place = (column: Column) =>
    announced.findIndex(
      ({ name, typeOid, typeModifier }) =>
        name === column.name && typeOid === column.typeOid && typeModifier === column.typeModifier,
    )
  if (relation.columns.some((column) => where?.columns.has(column.name) && place(column) === -1)) return null
  const selected = columns.map((column) => ({
    label: columnLabel(column.name),
    index: place(column),
    isKey: relation.primaryKey.includes(column.name),
    isBoolean: column.typeOid === BOOL,
  }))
  if (selected.some(({ index }) => index === -1)) return null
  const labels = relation.primaryKey.map(columnLabel)
  const key = labels.flatMap((label) => selected.filter((column) => column.label === label))
  return { definition, selected, key }
}

function unpublished(relation: Relation): number {
  return relation.columns.filter((column) => !column.isPublished).length
}

export function insertMessage(layout: TupleLayout, at: ChangePosition, row: Tuple): UnfinishedMessage {
  return message(layout, at, 'insert', streamedKey(layout, row), selectAll(layout, row))
}

export function deleteMessage(layout: TupleLayout, at: ChangePosition, old: Tuple): UnfinishedMessage {
  const isWhole = layout.definition.replica === 'full'
  const value = isWhole ? selectAll(layout, old) : select(layout, old, ({ isKey }) => isKey)
  return message(layout, at, 'delete', streamedKey(layout, old), value)
}

/**
 * An update of a row that was and stays in the shape: nothing when no selected column changed,
 * two messages when the row's key changed.
 */
export function updateMessages(
  layout: TupleLayout,
  at: ChangePosition,
  old: Tuple,
  row: Tuple,
): UnfinishedMessage[] {
  const isChanged = ({ index }: { index: number }) => old[index] !== row[index]
  if (!layout.selected.some(isChanged)) return []
  if (layout.key.some(isChanged)) return moveMessages(layout, at, old, row)
  const key = streamedKey(layout, row)
  if (layout.definition.replica === 'full') {
    const before = select(layout, old, isChanged)
    return [message(layout, at, 'update', key, selectAll(layout, row), `,"old_value":${before}`)]
  }
  const value = select(layout, row, (column) => column.isKey || isChanged(column))
  return [message(layout, at, 'update', key, value)]
}

// The odd position that every change leaves free is for the second half of such a pair.
function moveMessages(layout: TupleLayout, at: ChangePosition, old: Tuple, row: Tuple): UnfinishedMessage[] {
  const to = JSON.stringify(streamedKey(layout, row))
  const from = JSON.stringify(streamedKey(layout, old))
  const gone = deleteMessage(layout, at, old)
  const come = insertMessage(layout, { ...at, op: at.op + 1 }, row)
  return [
    { ...gone, head: `${gone.head},"key_change_to":${to}` },
    { ...come, head: `${come.head},"key_change_from":${from}` },
  ]
}

function message(
  layout: TupleLayout,
  { xid, lsn, op }: ChangePosition,
  operation: 'insert' | 'update' | 'delete',
  key: string,
  value: string,
  extra = '',
): UnfinishedMessage {
  const { schema, name } = layout.definition.relation
  const headers = JSON.stringify({
    operation,
    relation: [schema, name],
    txids: [xid],
    lsn: String(lsn),
    op_position: op,
  })
  return {
    op,
    head: `{"headers":${headers.slice(0, -1)}`,
    tail: `},"key":${JSON.stringify(key)},"value":${value}${extra}}`,
  }
}

export function finishMessage({ head, tail }: UnfinishedMessage, isLast: boolean): string {
  return head + (isLast ? ',"last":true' : '') + tail
}

/** Writes a snapshot's rows; their values come in the order of the definition's columns. */
export function snapshotWriter(definition: ShapeDefinition) {
  const { relation, columns } = definition
  const labels = columns.map((column) => columnLabel(column.name))
  const key = relation.primaryKey.map((name) => columns.findIndex((column) => column.name === name))
  const headers = JSON.stringify({ operation: 'insert', relation: [relation.schema, relation.name] })
  return (values: readonly (string | null)[]): string => {
    const fields = labels.map((label, index) => label + JSON.stringify(values[index] ?? null))
    const name = rowKey(
      relation,
      key.map((index) => values[index] ?? null),
    )
    return `{"key":${JSON.stringify(name)},"value":{${fields.join(',')}},"headers":${headers}}`
  }
}

/** The row's name within the table. Only `/` is escaped, by doubling. */
export function rowKey(
  { schema, name }: Pick<Relation, 'schema' | 'name'>,
  values: readonly (string | null)[],
): string {
  const parts = values.map((value) => (value === null ? '/_' : `/"${value.replaceAll('/', '//')}"`))
  return `"${schema}"."${name}"${parts.join('')}`
}

// Booleans stream as t and f, snapshots carry words: one row must have one key.
function streamedKey(layout: TupleLayout, row: Tuple): string {
  const values = layout.key.map(({ index, isBoolean }) => {
    const value = row[index] ?? null
    return isBoolean && value !== null ? (value === 't' ? 'true' : 'false') : value
  })
  return rowKey(layout.definition.relation, values)
}

function selectAll(layout: TupleLayout, row: Tuple): string {
  return select(layout, row, () => true)
}

function select(layout: TupleLayout, row: Tuple, isWanted: (column: PlacedColumn) => boolean): string {
  const fields: string[] = []
  for (const column of layout.selected) {
    if (isWanted(column)) fields.push(column.label + JSON.stringify(row[column.index] ?? null))
  }
  return `{${fields.join(',')}}`
}

function columnLabel(name: string): string {
  return `${JSON.stringify(name)}:`
}
