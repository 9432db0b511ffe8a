import { killWalSender } from '../testing.ts'
import { compareAll } from './comparison.ts'
import { eventually, within } from './eventually.ts'
import {
  type Plan,
  planOf,
  type ReaderPlan,
  type Restart,
  type Step,
  type Transaction,
} from './random-plan.ts'
import { createTableSql, dropTableSql, publishTableSql } from './random-tables.ts'
import type { Reader } from './reader.ts'
import { createReader } from './readers.ts'
import type { World } from './world.ts'
import { Writer } from './writer.ts'

const SLOT = 'electric_slot_default'

/** Plays what a seed says: random tables, readers, and everything that happens to them. */
export class Round {
  readonly #world: World
  readonly #plan: Plan
  readonly #writers: readonly [Writer, Writer, Writer]
  readonly #readers: Reader[] = []
  #played: Step | null = null

  constructor(world: World, seed: number) {
    this.#world = world
    this.#plan = planOf(seed)
    const { url } = world.database
    this.#writers = [new Writer(url), new Writer(url), new Writer(url)]
  }

  /** Rows changed so far. */
  get mutations(): number {
    return this.#writers.reduce((sum, writer) => sum + writer.mutations, 0)
  }

  /** @throws Error at the first thing that is not as it should be */
  async play(): Promise<void> {
    const { tables, arePublished, rows, readers, steps } = this.#plan
    try {
      await this.#runAll(tables.flatMap((table) => [dropTableSql(table), createTableSql(table)]))
      if (arePublished) await this.#runAll(tables.map(publishTableSql))
      for (const statements of rows) await this.#writers[0].runAll(statements)
      this.#joinAll(readers)
      for (const step of steps) {
        this.#played = step
        await within(`the end of the step ${step.kind}`, this.#play(step))
      }
      await this.#writers[2].finish(true)
      await this.#compare()
      await this.#comeLast()
    } finally {
      await this.#end()
    }
  }

  /** For a report: which step it was. */
  get position(): string {
    if (!this.#played) return 'before the first step'
    const { kind } = this.#played
    return `in step ${this.#plan.steps.indexOf(this.#played) + 1} of ${this.#plan.steps.length}, ${kind}`
  }

  async #end(): Promise<void> {
    await within('the end of all readers', Promise.all(this.#readers.map((reader) => reader.stop())))
    await within('the end of all writers', Promise.all(this.#writers.map((writer) => writer.end())))
    await within('the end of all tables', this.#runAll(this.#plan.tables.map(dropTableSql)))
  }

  async #runAll(sql: readonly string[]): Promise<void> {
    await this.#world.database.sql.unsafe(sql.join('; '))
  }

  #joinAll(plans: readonly ReaderPlan[]): void {
    for (const plan of plans) {
      const reader = createReader(plan, this.#world.electric.url)
      this.#readers.push(reader)
      reader.start()
    }
  }

  /** Who comes last gets all that was kept of each shape. */
  async #comeLast(): Promise<void> {
    const subjects = new Set(this.#readers.map(({ subject }) => subject))
    this.#joinAll([...subjects].map((subject) => ({ kind: 'raw', subject, manner: 'steady' })))
    await this.#compare()
  }

  async #compare(): Promise<void> {
    const { electric, database } = this.#world
    await compareAll(this.#readers, database.sql, () => electric.failure)
  }

  async #play(step: Step): Promise<void> {
    const [first, second, straddler] = this.#writers
    switch (step.kind) {
      case 'run':
        return this.#runEach(step.transactions)
      case 'race':
        return void (await Promise.all([first.run(step.transactions[0]), second.run(step.transactions[1])]))
      case 'open':
        return straddler.extend(step.statements)
      case 'close':
        return straddler.finish(step.isCommitted)
      case 'join':
        return this.#joinAll(step.readers)
      case 'away':
        return this.#beAway(step.reader, step.meanwhile)
      case 'forget':
        return this.#world.electric.forget(this.#reader(step.reader))
      case 'change-table':
        return first.runAll(step.change.sql)
      case 'cut-stream':
        return this.#keepingHandles(async () => {
          await Promise.all([first.run(step.transaction), killWalSender(this.#world.database)])
        })
      case 'restart':
        return this.#restart(step.how, step.meanwhile)
      case 'crash':
        return this.#keepingHandles(async () => {
          await Promise.all([first.run(step.transaction), this.#world.database.crash()])
        })
      case 'compare':
        return this.#compare()
    }
  }

  async #runEach(transactions: readonly Transaction[]): Promise<void> {
    for (const transaction of transactions) await this.#writers[0].run(transaction)
  }

  async #beAway(index: number, meanwhile: readonly Transaction[]): Promise<void> {
    const reader = this.#reader(index)
    await reader.stop()
    await this.#runEach(meanwhile)
    reader.start()
  }

  #reader(index: number): Reader {
    const reader = this.#readers[index % this.#readers.length]
    if (!reader) throw new Error('A round has readers.')
    return reader
  }

  async #restart(how: Restart, meanwhile: readonly Transaction[]): Promise<void> {
    const { electric } = this.#world
    const restart = async () => {
      await electric.stop(how === 'killed' || how === 'killed-at-rest' ? 'SIGKILL' : 'SIGTERM')
      if (how === 'slot-dropped') await this.#dropSlot()
      await this.#runEach(meanwhile)
      await electric.start()
    }
    if (how === 'killed' || how === 'slot-dropped') return restart()
    return this.#keepingHandles(async () => {
      if (how === 'killed-at-rest') await this.#stored()
      await restart()
    })
  }

  /** Over what should be no reason to fetch anything anew. */
  async #keepingHandles(disturb: () => Promise<void>): Promise<void> {
    await this.#settled()
    const handles = this.#readers.map((reader) => reader.handle)
    await disturb()
    await this.#compare()
    const lost = this.#readers.filter(
      ({ handle, subject }, index) => handle !== handles[index] && !subject.where?.hasSubquery,
    )
    if (lost.length > 0) throw new Error(`Shapes have other handles than before: ${describe(lost)}`)
  }

  /** Every client has heard of all that was committed, also of what ended its shape and left its rows as they were. */
  async #settled(): Promise<void> {
    const { database, electric } = this.#world
    const [now] = await database.sql<{ lsn: string }[]>`SELECT (pg_current_wal_lsn() - '0/0')::text AS lsn`
    const [some] = this.#readers
    if (some)
      await eventually('Electric has read the log', () => electric.hasSeen(BigInt(now?.lsn ?? 0), some))
    await this.#compare()
    for (const reader of this.#readers) {
      await eventually(`the ${reader.title} reads a shape that there is`, () => electric.knows(reader))
    }
  }

  /** Everything that was committed before is stored, and Postgres was told so. */
  async #stored(): Promise<void> {
    const { sql } = this.#world.database
    const [now] = await sql<{ lsn: string }[]>`SELECT pg_current_wal_lsn()::text AS lsn`
    await eventually('the slot follows the log', async () => {
      const reached = await sql`
        SELECT FROM pg_replication_slots WHERE slot_name = ${SLOT} AND confirmed_flush_lsn >= ${now?.lsn ?? ''}::pg_lsn`
      return reached.length > 0
    })
  }

  async #dropSlot(): Promise<void> {
    const { sql } = this.#world.database
    await this.#writers[2].finish(true) // a new slot waits for every transaction that is open
    // The connection of a process that is gone takes a moment to end.
    await eventually('the slot is free', async () => {
      const active = await sql`SELECT FROM pg_replication_slots WHERE slot_name = ${SLOT} AND active`
      return active.length === 0
    })
    await sql`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${SLOT}`
  }
}

function describe(readers: readonly Reader[]): string {
  return readers.map((reader) => [reader.title, ...reader.history()].join('\n  ')).join('\n')
}
