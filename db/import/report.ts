import type { ImportedFile } from '../schema/import-runs.ts'
import type { AppliedImport } from './engine.ts'
import { type Decision, FATES } from './fates.ts'

/** One object for programs; `read` is the sum of the six fates. */
export function jsonReport({ run }: AppliedImport) {
  const { id, source, folder, files, read, created, updated, unchanged, kept, merged, quarantined } = run
  return { run_id: id, source, folder, read, created, updated, unchanged, kept, merged, quarantined, files }
}

/** What a person wants to know: which files, what became of the records, which ones need a look. */
export function textReport({ run, decisions }: AppliedImport): string {
  const changed = run.created + run.updated > 0
  return [
    `Imported from ${run.folder}`,
    '',
    ...run.files.map(fileLine),
    '',
    ...table(decisions),
    '',
    ...listed('Quarantined: no row can hold them, their raw form is kept', decisions, 'quarantined'),
    ...listed('Kept: people changed or removed them here, left alone', decisions, 'kept'),
    ...listed('Merged: another record stands for them', decisions, 'merged'),
    ...listed('Created with changes', decisions, 'created'),
    ...listed('Updated with changes', decisions, 'updated'),
    changed
      ? 'The sessions are in the session list now, also in tabs that are open.'
      : 'Nothing was new: only the run itself was noted.',
    `Every record in its raw form with its fate: table import_records. This run: import_runs ${run.id}.`,
  ].join('\n')
}

function fileLine({ name, missing, records, bytes, sha256 }: ImportedFile): string {
  if (missing) return `  ${name.padEnd(24)} not there, so nothing to read`
  return `  ${name.padEnd(24)} ${records} records, ${bytes} bytes, sha256 ${sha256?.slice(0, 12)}…`
}

const KINDS = { message: 'messages', thread: 'threads', tool_event: 'tool events' } as const

function table(decisions: Decision[]): string[] {
  const count = (kind: string | null, fate: string | null) =>
    decisions.filter((one) => (!kind || one.record.kind === kind) && (!fate || one.fate === fate)).length
  const line = (label: string, cells: (string | number)[]) =>
    `  ${label.padEnd(12)}${cells.map((cell) => String(cell).padStart(13)).join('')}`
  const row = (label: string, kind: string | null) =>
    line(label, [count(kind, null), ...FATES.map((fate) => count(kind, fate))])
  const kinds = Object.entries(KINDS).map(([kind, label]) => row(label, kind))
  return [line('', ['read', ...FATES]), ...kinds, row('all', null)]
}

const MAX_LISTED = 20

function listed(title: string, decisions: Decision[], fate: Decision['fate']): string[] {
  const found = decisions.filter((one) => one.fate === fate && one.reason)
  if (found.length === 0) return []
  const lines = found.slice(0, MAX_LISTED).map(({ record, reason }) => `  ${record.identity}: ${reason}`)
  const more = found.length - lines.length
  return [`${title}:`, ...lines, ...(more > 0 ? [`  … and ${more} more, see import_records.reason`] : []), '']
}
