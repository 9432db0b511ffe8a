import type { Offset } from '../shape/offsets.ts'
import { isUpToDateMessage, type Message, type Row } from './messages.ts'
import type { Subject } from './random-subjects.ts'
import { difference, type ExpectedRows } from './reader.ts'
import { StrictOrder } from './strict-order.ts'
import { plain, StrictRows } from './strict-rows.ts'
import type { Subset } from './subset-answer.ts'
import { must } from './violation.ts'

/** What a copy of a shape is made of: all of it, its changes alone, those from now on, or those and a subset. */
export type Beginning = 'all' | 'changes' | 'now' | 'subset'

/** One reader's copy of a shape, from handle to handle. */
export class StrictCopy {
  readonly #subject: Subject
  readonly #beginning: Beginning
  readonly #order: StrictOrder
  readonly #rows: StrictRows
  /** Handles that were answered 409: none of them may come back. */
  readonly #refused = new Set<string>()
  #handle: string | null = null
  #subset: Subset | null = null
  #isUpToDate = false

  constructor(subject: Subject, beginning: Beginning) {
    this.#subject = subject
    this.#beginning = beginning
    this.#order = new StrictOrder({ hasSnapshot: beginning === 'all' || beginning === 'changes' })
    this.#rows = new StrictRows(subject, { startsEmpty: this.#isWhole })
  }

  get handle(): string | null {
    return this.#handle
  }

  /** Null before the first answer. */
  get at(): Offset | null {
    return this.#order.at
  }

  /** To ask with. */
  get offset(): string {
    if (this.#order.at) return this.#order.offset
    return this.#beginning === 'all' || this.#beginning === 'changes' ? '-1' : 'now'
  }

  get isUpToDate(): boolean {
    return this.#isUpToDate
  }

  get needsSubset(): boolean {
    return this.#beginning === 'subset' && this.#order.at !== null && this.#subset === null
  }

  enter(handle: string): void {
    must(!this.#refused.has(handle), 'a handle that was refused does not come back', handle)
    this.#handle = handle
  }

  take(message: Message): void {
    const change = this.#order.accept(message)
    // What the subset contains came to it already.
    const isKnown = change !== null && this.#subset?.contains(change.headers.txids?.[0] ?? 0) === true
    if (change && !isKnown) this.#rows.apply(change)
    this.#isUpToDate = isUpToDateMessage(message) && !this.needsSubset
  }

  arrive(offset: string): void {
    this.#order.arrive(offset)
  }

  merge(subset: Subset): void {
    for (const row of subset.rows) this.#rows.apply(row)
    this.#subset = subset
    this.#isUpToDate = false
  }

  refetch(replacement: string | null): void {
    if (this.#handle !== null) this.#refused.add(this.#handle)
    must(
      replacement === null || !this.#refused.has(replacement),
      'another handle takes its place',
      replacement,
    )
    this.#isUpToDate = false
    this.#handle = null
    this.#subset = null
    this.#order.reset()
    this.#rows.clear()
  }

  difference({ rows }: ExpectedRows): string | null {
    if (!this.#isUpToDate) return 'It is not up to date.'
    const actual = this.#plainRows()
    return difference(texts(this.#isWhole ? rows : this.#touched(rows, actual)), texts(actual))
  }

  get #isWhole(): boolean {
    return this.#beginning === 'all' || this.#beginning === 'subset'
  }

  // Nothing is known of rows that nobody touched, nor of what was in the others before.
  #touched(all: ReadonlyMap<string, Row>, actual: ReadonlyMap<string, Row>): Map<string, Row> {
    const touched = new Map<string, Row>()
    for (const [key, row] of all) {
      const known = actual.get(key)
      const names = Object.keys(known ?? row)
      if (known || this.#rows.gone.has(key)) {
        touched.set(key, Object.fromEntries(names.map((name) => [name, row[name] ?? null])))
      }
    }
    return touched
  }

  #plainRows(): Map<string, Row> {
    const inWords = (row: Row) =>
      Object.fromEntries(Object.entries(row).map(([name, text]) => [name, plain(this.#subject, name, text)]))
    return new Map([...this.#rows.rows].map(([key, row]) => [key, inWords(row)]))
  }
}

function texts(rows: ReadonlyMap<string, Row>): Map<string, string> {
  return new Map([...rows].map(([key, row]) => [key, JSON.stringify(Object.entries(row).sort(byName))]))
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
