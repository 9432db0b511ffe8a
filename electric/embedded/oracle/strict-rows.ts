import type { Change, Row } from './messages.ts'
import type { Subject } from './random-subjects.ts'
import { must } from './violation.ts'

/**
 * The rows of one shape, by their keys. Every change must fit what was there: there is no insert of a row that is
 * known, no other change of one that is not, and each says just what it should.
 */
export class StrictRows {
  readonly #subject: Subject
  readonly #rows = new Map<string, Row>()
  /** Keys of the rows that were seen to go. */
  readonly #gone = new Set<string>()
  /** Of rows that were there before the first change nothing is known but what changes. */
  readonly #startsEmpty: boolean

  constructor(subject: Subject, { startsEmpty }: { startsEmpty: boolean }) {
    this.#subject = subject
    this.#startsEmpty = startsEmpty
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  get gone(): ReadonlySet<string> {
    return this.#gone
  }

  clear(): void {
    this.#rows.clear()
    this.#gone.clear()
  }

  apply(change: Change): void {
    const { operation, relation } = change.headers
    const { schema, name } = this.#subject.table
    must(relation[0] === schema && relation[1] === name, 'a change names its table', change)
    if (operation === 'insert') this.#insert(change)
    else if (operation === 'update') this.#update(change)
    else this.#delete(change)
  }

  #insert(change: Change): void {
    must(!this.#rows.has(change.key), 'a row that is there is not inserted', change)
    must(keyOf(this.#subject, change.value) === change.key, "a row's key is made of its values", change)
    this.#requireSelected(change)
    this.#gone.delete(change.key)
    this.#rows.set(change.key, change.value)
  }

  #update(change: Change): void {
    const before = this.#known(change)
    const { value, old_value: old } = change
    if (this.#subject.replica === 'full') {
      this.#requireSelected(change)
      must(old !== undefined && Object.keys(old).length > 0, 'an update says what was there', change)
      must(isPartOf(old, before), 'an update says truly what was there', { change, before })
      must(differs(old, value, Object.keys(old)), 'each of the old values is another now', change)
    } else {
      const changed = Object.keys(value).filter((name) => !this.#keyNames().includes(name))
      must(old === undefined && changed.length > 0, 'an update carries the key and what changed', change)
      must(differs(before, value, changed), 'what an update carries is another value', { change, before })
    }
    must(keyOf(this.#subject, { ...before, ...value }) === change.key, 'an update leaves the key', change)
    this.#rows.set(change.key, { ...before, ...value })
  }

  #delete(change: Change): void {
    const before = this.#known(change)
    const isWhole = this.#subject.replica === 'full' || this.#subject.table.primaryKey.length === 0
    if (isWhole) this.#requireSelected(change)
    else {
      const names = this.#keyNames()
      must(names.length === Object.keys(change.value).length, 'a delete carries the key alone', change)
      must(
        names.every((name) => Object.hasOwn(change.value, name)),
        'a delete carries the key',
        change,
      )
    }
    must(isPartOf(change.value, before), 'a delete carries what was there', { change, before })
    this.#rows.delete(change.key)
    this.#gone.add(change.key)
  }

  #known(change: Change): Row {
    const row = this.#rows.get(change.key)
    if (row || this.#startsEmpty) {
      must(row !== undefined, `a row that is not there is not ${change.headers.operation}d`, change)
      return row
    }
    must(!this.#gone.has(change.key), `a row that is gone is not ${change.headers.operation}d`, change)
    return {}
  }

  #keyNames(): readonly string[] {
    const { primaryKey, columns } = this.#subject.table
    return (primaryKey.length > 0 ? primaryKey : columns).map(({ name }) => name)
  }

  // Columns that came later are in shapes of all columns too.
  #requireSelected({ value }: Change): void {
    const { columns, table } = this.#subject
    const selected = (columns ?? table.columns).map(({ name }) => name)
    must(
      selected.every((name) => Object.hasOwn(value, name)),
      'a whole row has every column',
      { value, selected },
    )
    must(columns === null || Object.keys(value).length === selected.length, 'it has no others', value)
  }
}

// Booleans stream as letters and are words in snapshots.
export function plain(subject: Subject, name: string, text: string | null): string | null {
  const isBoolean = subject.table.columns.find((column) => column.name === name)?.kind.type === 'bool'
  return isBoolean && text !== null ? (text.startsWith('t') ? 'true' : 'false') : text
}

/** As the protocol names a row: its key's values in the key's order, or all of its values. */
export function keyOf(subject: Subject, row: Row): string {
  const { schema, name, primaryKey, columns } = subject.table
  // Without a key columns that came later are part of it, and come last.
  const later = Object.keys(row).filter((each) => !columns.some((column) => column.name === each))
  const names =
    primaryKey.length > 0
      ? primaryKey.map((column) => column.name)
      : [...columns.map((column) => column.name), ...later]
  const parts = names.map((each) => {
    const text = plain(subject, each, row[each] ?? null)
    return text === null ? '/_' : `/"${text.replaceAll('/', '//')}"`
  })
  return `"${schema}"."${name}"${parts.join('')}`
}

function isPartOf(part: Row, whole: Row): boolean {
  return Object.entries(part).every(
    ([name, text]) => !Object.hasOwn(whole, name) || isSame(whole[name], text),
  )
}

// Nothing is said of what is not known.
function differs(before: Row, after: Row, names: readonly string[]): boolean {
  return names.every((name) => !Object.hasOwn(before, name) || !isSame(before[name], after[name]))
}

const WORDS: Readonly<Record<string, string>> = { true: 't', false: 'f' }

function isSame(a: string | null | undefined, b: string | null | undefined): boolean {
  return a === b || (a !== null && b !== null && (WORDS[a ?? ''] ?? a) === (WORDS[b ?? ''] ?? b))
}
