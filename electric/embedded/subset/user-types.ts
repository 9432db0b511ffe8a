import type { PoolClient } from 'pg'
import { COLUMN_TYPES } from './allowed.ts'
import type { CheckedSubset } from './check-subset.ts'
import { subsetError } from './subset-error.ts'

/**
 * Enums, domains over what is allowed, and arrays of both. Any other type that somebody made brings operators and
 * functions of theirs along.
 * @throws ProtocolError 400
 */
export async function requireKnownTypes(client: PoolClient, { userTypes }: CheckedSubset): Promise<void> {
  if (userTypes.size === 0) return
  const { rows } = await client.query<{ oid: string }>(
    `WITH RECURSIVE made (oid, of) AS (
      SELECT type, type FROM unnest($1::oid[]) AS type
      UNION
      SELECT made.oid, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
      FROM made JOIN pg_type t ON t.oid = made.of
      WHERE t.typtype = 'd' OR t.typcategory = 'A'
    )
    SELECT made.oid::text FROM made LEFT JOIN pg_type t ON t.oid = made.of
    GROUP BY made.oid HAVING NOT bool_or(t.typtype = 'e' OR made.of = ANY ($2::oid[]))`,
    [[...userTypes.keys()], [...COLUMN_TYPES]],
  )
  const [refused] = rows
  if (refused) throw subsetError('where', userTypes.get(Number(refused.oid)) ?? 'unsupported type')
}
