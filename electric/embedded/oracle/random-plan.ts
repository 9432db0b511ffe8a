import fc from 'fast-check'
import { fill, type Statements, statementsOn } from './random-statements.ts'
import { type Subject, subjectsOn } from './random-subjects.ts'
import { type Table, tables } from './random-tables.ts'
import { changeOfTable, type TableChange } from './table-changes.ts'

export interface Transaction {
  /** Each part may be in a savepoint of its own, which is kept or undone. */
  readonly parts: readonly {
    readonly statements: Statements
    readonly savepoint: 'none' | 'kept' | 'undone'
  }[]
  readonly isCommitted: boolean
}

export const READER_KINDS = [
  'shape',
  'shape-sse',
  'stream',
  'raw',
  'raw-sse',
  'raw-poll',
  'raw-changes',
  'raw-now',
  'raw-subset',
] as const
export type ReaderKind = (typeof READER_KINDS)[number]

export interface ReaderPlan {
  readonly kind: ReaderKind
  readonly subject: Subject
  readonly manner: 'steady' | 'slow' | 'impatient'
}

export type Step =
  | { readonly kind: 'run'; readonly transactions: readonly Transaction[] }
  /** Two at once, on connections of their own. */
  | { readonly kind: 'race'; readonly transactions: readonly [Transaction, Transaction] }
  /** A transaction that stays open over the steps that follow. */
  | { readonly kind: 'open'; readonly statements: Statements }
  | { readonly kind: 'close'; readonly isCommitted: boolean }
  | { readonly kind: 'join'; readonly readers: readonly ReaderPlan[] }
  /** One of the readers goes away for a while, and goes on from where it was. */
  | { readonly kind: 'away'; readonly reader: number; readonly meanwhile: readonly Transaction[] }
  /** The shape of one of the readers is ended for everybody. */
  | { readonly kind: 'forget'; readonly reader: number }
  | { readonly kind: 'change-table'; readonly change: TableChange }
  | { readonly kind: 'cut-stream'; readonly transaction: Transaction }
  | { readonly kind: 'restart'; readonly how: Restart; readonly meanwhile: readonly Transaction[] }
  | { readonly kind: 'crash'; readonly transaction: Transaction }
  | { readonly kind: 'compare' }

/** Killed in the middle of whatever is under way, or when all is stored. */
export type Restart = 'stopped' | 'killed' | 'killed-at-rest' | 'slot-dropped'

export interface Plan {
  readonly tables: readonly Table[]
  /** By a migration; otherwise when a client asks for them. */
  readonly arePublished: boolean
  readonly rows: readonly Statements[]
  readonly readers: readonly ReaderPlan[]
  readonly steps: readonly Step[]
}

function transactionOn(all: readonly Table[]): fc.Arbitrary<Transaction> {
  const statements = fc.oneof(...all.map(statementsOn))
  const savepoint = fc.constantFrom(
    'none' as const,
    'none' as const,
    'none' as const,
    'kept' as const,
    'undone' as const,
  )
  return fc.record({
    parts: fc.array(fc.record({ statements, savepoint }), { minLength: 1, maxLength: 5, size: 'max' }),
    isCommitted: fc.integer({ min: 0, max: 7 }).map((each) => each > 0),
  })
}

function readersOn(all: readonly Table[]): fc.Arbitrary<ReaderPlan> {
  return fc.record({
    kind: fc.constantFrom(...READER_KINDS),
    subject: fc.oneof(...all.map((table) => subjectsOn(table, all))),
    manner: fc.constantFrom('steady' as const, 'steady' as const, 'slow' as const, 'impatient' as const),
  })
}

function stepsOn(all: readonly Table[]): fc.Arbitrary<Step> {
  const transaction = transactionOn(all)
  const several = fc.array(transaction, { minLength: 1, maxLength: 5, size: 'max' })
  const meanwhile = fc.array(transaction, { maxLength: 3, size: 'max' })
  const how = fc.constantFrom<Restart>('stopped', 'killed', 'killed-at-rest', 'slot-dropped')
  const kind = <K extends Step['kind']>(each: K) => fc.constant(each)
  return fc.oneof(
    { weight: 40, arbitrary: fc.record({ kind: kind('run'), transactions: several }) },
    {
      weight: 12,
      arbitrary: fc.record({ kind: kind('race'), transactions: fc.tuple(transaction, transaction) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({ kind: kind('open'), statements: fc.oneof(...all.map(statementsOn)) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({ kind: kind('close'), isCommitted: fc.integer({ max: 3, min: 0 }).map(Boolean) }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: kind('join'),
        readers: fc.array(readersOn(all), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: kind('away'), reader: fc.nat(99), meanwhile }) },
    { weight: 4, arbitrary: fc.record({ kind: kind('change-table'), change: changeOfTable(all) }) },
    { weight: 2, arbitrary: fc.record({ kind: kind('forget'), reader: fc.nat(99) }) },
    { weight: 3, arbitrary: fc.record({ kind: kind('cut-stream'), transaction }) },
    { weight: 2, arbitrary: fc.record({ kind: kind('restart'), how, meanwhile }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('crash'), transaction }) },
    { weight: 6, arbitrary: fc.record({ kind: kind('compare') }) },
  )
}

const plan: fc.Arbitrary<Plan> = tables.chain((all) =>
  fc.record({
    tables: fc.constant(all),
    arePublished: fc.integer({ min: 0, max: 2 }).map(Boolean),
    rows: fc.tuple(...all.map(fill)),
    readers: fc.array(readersOn(all), { minLength: 4, maxLength: 7, size: 'max' }),
    steps: fc.array(stepsOn(all), { minLength: 25, maxLength: 45, size: 'max' }),
  }),
)

/** The same for the same seed, always. */
export function planOf(seed: number): Plan {
  const [first] = fc.sample(plan, { seed, numRuns: 1 })
  if (!first) throw new Error('fast-check gave no plan.')
  return first
}
