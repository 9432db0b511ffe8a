import type { BetterAuthOptions } from 'better-auth'
import { type DB, drizzleAdapter } from 'better-auth/adapters/drizzle'
import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '#db/client.ts'
import { accounts, credentials, logins, users, verifications } from '#db/schema/index.ts'

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
    create: async (create) => {
      if (create.model !== 'user') return adapter.create(create)
      return adapter.create({ ...create, data: await withAccount(tx, create.data) })
    },
  }
}

async function withAccount<T extends Record<string, unknown>>(tx: Transaction, user: T): Promise<T> {
  if (user.account_id) return user
  const account_id = uuidv7()
  const kind = user.isAnonymous ? 'guest' : 'full'
  await tx.insert(accounts).values({ id: account_id, display_name: String(user.name), kind })
  return { ...user, account_id }
}
