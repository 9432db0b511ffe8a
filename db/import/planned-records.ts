import { createHash } from 'node:crypto'
import type { JsonElement } from './json-array.ts'
import { isRecord, LegacyFields } from './legacy-fields.ts'
import type { Outcome, PlannedRecord, PlannedRow, RecordKind } from './plan.ts'

/**
 * One planned record for each element that was read, whatever it is. The first record of an id that can be a row
 * wins, as it did in the application that wrote the file; later ones are merged into it, their raw form kept.
 * @param toRow notes on `fields` what it had to change; null means that no row can hold the record, and a note says why.
 */
export function planRecords(
  kind: RecordKind,
  elements: JsonElement[],
  toRow: (fields: LegacyFields, legacyId: string) => PlannedRow | null,
): PlannedRecord[] {
  const identities = new Set<string>()
  const winners = new Map<string, { row: PlannedRow; raw: string }>()
  return elements.map(({ value, raw }) => {
    const sha256 = createHash('sha256').update(raw).digest('hex')
    const legacyId = idOf(value)
    const identity = freeIdentity(legacyId, sha256, identities)
    const record = (outcome: Outcome, reasons: string[]): PlannedRecord => {
      return { kind, identity, raw, sha256, reasons, outcome }
    }
    if (!isRecord(value)) return record({ is: 'quarantined' }, ['it is not an object'])
    if (legacyId === null) return record({ is: 'quarantined' }, ['it has no id'])
    const winner = winners.get(legacyId)
    if (winner) return record(mergedInto(winner.row), [winner.raw === raw ? SAME : DIFFERENT])
    const fields = new LegacyFields(value)
    const row = toRow(fields, legacyId)
    if (row) winners.set(legacyId, { row, raw })
    return record(row ? { is: 'row', row } : { is: 'quarantined' }, fields.reasons)
  })
}

const SAME = 'an earlier record is the same'
const DIFFERENT = 'an earlier record has the same id and wins; what differs is kept here in its raw form'

function mergedInto({ table, values }: PlannedRow): Outcome {
  return { is: 'merged', into: { table, id: values.id }, row: null }
}

function idOf(value: unknown): string | null {
  if (!isRecord(value) || !Object.hasOwn(value, 'id')) return null
  return typeof value.id === 'string' && value.id !== '' ? value.id : null
}

// The same records must get the same identities in every run, in whatever order they stand: so what tells repeated
// ids apart is their content, and a number only where that is the same too.
function freeIdentity(legacyId: string | null, sha256: string, taken: Set<string>): string {
  let identity = legacyId === null ? `sha256:${sha256}` : holdable(legacyId)
  if (taken.has(identity) && legacyId !== null) identity = `${identity}#${sha256.slice(0, 16)}`
  let free = identity
  for (let number = 2; taken.has(free); number++) free = `${identity}~${number}`
  taken.add(free)
  return free
}

// Text in Postgres holds neither U+0000 nor lone surrogates, and an index row has an end.
function holdable(legacyId: string): string {
  if (legacyId.length <= 200 && legacyId.isWellFormed() && !legacyId.includes('\0')) return legacyId
  return `id-sha256:${createHash('sha256').update(JSON.stringify(legacyId)).digest('hex')}`
}
