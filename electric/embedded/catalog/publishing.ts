import type { Sql } from 'postgres'
import { snapshotFailed } from '../http/protocol-error.ts'
import { describeError, errorCode } from './database-errors.ts'
import { quoteIdentifier, type RelationName } from './identifiers.ts'
import type { Relation } from './relation.ts'
import { preparedOn, readRelation } from './relation-catalog.ts'

/** Reads what the catalog says of a table; null when there is none. */
export type RelationReader = (name: RelationName) => Promise<Relation | null>

/** For a database whose migrations publish its tables. */
export function publishedByMigrations(sql: Sql, publication: string): RelationReader {
  return (name) => readRelation(preparedOn(sql), name, publication)
}

/**
 * Publishes each table when it is first asked for. Tables stay published: one that left the publication while a
 * shape of it is just being made would give a shape that follows nothing.
 */
export function publishedOnDemand(sql: Sql, publication: string): RelationReader {
  const read = publishedByMigrations(sql, publication)
  return async (name) => {
    const relation = await read(name)
    if (!relation?.replicationProblem) return relation
    await publish(sql, publication, relation)
    return read(name)
  }
}

async function publish(sql: Sql, publication: string, relation: Relation): Promise<void> {
  const table = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`
  try {
    await sql.begin(async (transaction) => {
      // The publication first: the other order can wait for a writer that waits for it.
      if (!relation.isInPublication) {
        await transaction.unsafe(`ALTER PUBLICATION ${quoteIdentifier(publication)} ADD TABLE ${table}`)
      }
      await transaction.unsafe(`ALTER TABLE ${table} REPLICA IDENTITY FULL`)
    })
  } catch (error) {
    const failure = failed(error, table)
    if (failure) throw failure
  }
}

function failed(error: unknown, table: string): Error | null {
  switch (errorCode(error)) {
    case '42710': // duplicate_object: another request published it in this moment
      return null
    case '55P03': // lock_not_available
    case '57014': // query_canceled
      return snapshotFailed('Snapshot timed out while waiting for a table lock')
    case '42501': // insufficient_privilege
      return snapshotFailed(`The database role may not publish ${table}: ${describeError(error)}`)
    default:
      // What is wrong with the table itself is said when it is read again.
      return errorCode(error).startsWith('0A') ? null : (error as Error) // rethrown as it came
  }
}
