import { Client } from 'pg'
import type { Transaction } from './random-plan.ts'
import type { Statements } from './random-statements.ts'

// Who waits for a lock is waiting for a transaction that stays open: it is undone, and what Postgres holds decides.
const SETTINGS = 'SET lock_timeout = 60; SET statement_timeout = 20000; SET synchronous_commit = on'

/**
 * One connection that writes, and counts the rows that it changed for good. One that is lost is made again;
 * what was under way then counts for nothing.
 */
export class Writer {
  readonly #url: string
  #client: Client | null = null
  #isOpen = false
  #openRows = 0
  #mutations = 0

  constructor(url: string) {
    this.#url = url
  }

  /** Rows inserted, updated and deleted by transactions that were seen to commit. */
  get mutations(): number {
    return this.#mutations
  }

  async run({ parts, isCommitted }: Transaction): Promise<void> {
    await this.#attempt(async (client) => {
      await client.query('BEGIN')
      let rows = 0
      for (const part of parts) rows += await this.#part(client, part)
      await client.query(isCommitted ? 'COMMIT' : 'ROLLBACK')
      if (isCommitted) this.#mutations += rows
    })
  }

  /** All in one transaction, which is undone as a whole when one fails. */
  async runAll(statements: Statements): Promise<void> {
    await this.run({ parts: [{ statements, savepoint: 'none' }], isCommitted: true })
  }

  /** Opens a transaction that stays open, or adds to it. */
  async extend(statements: Statements): Promise<void> {
    await this.#attempt(async (client) => {
      if (!this.#isOpen) await client.query('BEGIN')
      this.#isOpen = true
      this.#openRows += await execute(client, statements)
    })
  }

  async finish(isCommitted: boolean): Promise<void> {
    if (!this.#isOpen) return
    await this.#attempt(async (client) => {
      await client.query(isCommitted ? 'COMMIT' : 'ROLLBACK')
      if (isCommitted) this.#mutations += this.#openRows
    })
    this.#closed()
  }

  async end(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {})
  }

  async #part(client: Client, { statements, savepoint }: Transaction['parts'][number]): Promise<number> {
    if (savepoint === 'none') return execute(client, statements)
    await client.query('SAVEPOINT part')
    try {
      const rows = await execute(client, statements)
      await client.query(savepoint === 'kept' ? 'RELEASE part' : 'ROLLBACK TO part')
      return savepoint === 'kept' ? rows : 0
    } catch (error) {
      if (isMistake(error)) throw error
      await client.query('ROLLBACK TO part')
      return 0
    }
  }

  /** What a lock, a duplicate key or a lost connection stops is undone. */
  async #attempt(work: (client: Client) => Promise<void>): Promise<void> {
    try {
      await work(await this.#connected())
    } catch (error) {
      if (isMistake(error)) throw error
      this.#closed()
      await this.#client?.query('ROLLBACK').catch(() => this.end())
    }
  }

  #closed(): void {
    this.#isOpen = false
    this.#openRows = 0
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    const client = new Client({ connectionString: this.#url })
    client.on('error', () => {
      if (this.#client === client) this.#client = null
      this.#closed()
    })
    await client.connect()
    await client.query(SETTINGS)
    this.#client = client
    return client
  }
}

async function execute(client: Client, statements: Statements): Promise<number> {
  let rows = 0
  for (const sql of statements) {
    const result = await client.query(sql)
    if (['INSERT', 'UPDATE', 'DELETE'].includes(result.command)) rows += result.rowCount ?? 0
  }
  return rows
}

// Syntax errors, unknown names and types that do not fit: the statement was never one.
function isMistake(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(42|22)/.test(String(error.code))
}
