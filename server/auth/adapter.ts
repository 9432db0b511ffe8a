import type { BetterAuthOptions } from 'better-auth'
import { type DB, drizzleAdapter } from 'better-auth/adapters/drizzle'
import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '#db/client.ts'
import { accounts, credentials, logins, users, verifications } from '#db/schema/index.ts'
import { must } from '../errors.ts'
import { newGuest } from './new-guest.ts'

type Adapter = ReturnType<ReturnType<typeof drizzleAdapter>>

// The library's names on the left, ours on the right.
const schema = { user: users, session: logins, account: credentials, verification: verifications }

/**
 * The library's Drizzle adapter, each of its calls in one `transaction()` of ours, so that sign-in keeps the rule that
 * no statement runs outside of one. A user is created together with the account it signs in to, or not at all.
 */
export function databaseAdapter(db: Database): (options: BetterAuthOptions) => Adapter {
  return (options) => {
    const run = async <T>(work: (adapter: Adapter) => Promise<T>) =>
      (await db.transaction(null, (tx) => work(boundTo(tx, options)))).value
    return {
      id: 'throughline',
      create: (data) => run((adapter) => adapter.create(data)),
      findOne: (data) => run((adapter) => adapter.findOne(data)),
      findMany: (data) => run((adapter) => adapter.findMany(data)),
      count: (data) => run((adapter) => adapter.count(data)),
      update: (data) => run((adapter) => adapter.update(data)),
      updateMany: (data) => run((adapter) => adapter.updateMany(data)),
      delete: (data) => run((adapter) => adapter.delete(data)),
      deleteMany: (data) => run((adapter) => adapter.deleteMany(data)),
      consumeOne: (data) => run((adapter) => adapter.consumeOne(data)),
      incrementOne: (data) => run((adapter) => adapter.incrementOne(data)),
      transaction: run,
    }
  }
}

function boundTo(tx: Transaction, options: BetterAuthOptions): Adapter {
  // `DB` is the adapter's own loose type for any Drizzle handle; a transaction is one.
  const adapter = drizzleAdapter(tx as unknown as DB, { provider: 'pg', schema })(options)
  return {
    ...adapter,
    create: async <T extends Record<string, unknown>, R = T>(create: Create<T>): Promise<R> => {
      if (create.model !== 'user') return adapter.create<T, R>(create)
      return createUser<T, R>(tx, adapter, create)
    },
  }
}

interface Create<T> {
  model: string
  data: Omit<T, 'id'>
  select?: string[] | undefined
  forceAllowId?: boolean | undefined
}

async function createUser<T extends Record<string, unknown>, R>(
  tx: Transaction,
  adapter: Adapter,
  create: Create<T>,
): Promise<R> {
  const user: Record<string, unknown> = create.data
  if (user.account_id) return adapter.create<T, R>(create)
  const account_id = newGuest.getStore()?.account_id ?? uuidv7()
  const account = {
    id: account_id,
    display_name: String(user.name),
    kind: user.isAnonymous ? 'guest' : 'full',
  } as const
  const made = await tx.insert(accounts).values(account).onConflictDoNothing().returning({ id: accounts.id })
  if (made.length > 0) return adapter.create<T, R>({ ...create, data: { ...create.data, account_id } })
  // The guest came before, and its answer was lost: the same user signs in again (accept-invitation.ts).
  const known = await adapter.findOne<R>({
    model: 'user',
    where: [{ field: 'account_id', value: account_id }],
  })
  return must(known, 'a guest and its user are made in one transaction')
}
