import { ShapeStream } from '@electric-sql/client'
import { sql } from 'drizzle-orm'
import { heartbeats } from '#db/schema/heartbeats.ts'
import type { AppContext } from './context.ts'

const BEAT_EVERY_MS = 5_000
/** A row older than this when it comes back means that the stream does not move. */
export const FRESH_FOR_MS = 15_000

export interface Heartbeat {
  /** Whether Postgres took the last beat. */
  postgresOk(): boolean
  /** Whether a beat written less than 15 s ago came back through Electric. */
  electricOk(): boolean
  stop(): Promise<void>
}

/**
 * Proves end to end that the stream moves: writes a row of its own every few seconds and reads it back through
 * Electric. Read straight from Electric, not through the proxy: no caller has a scope that contains this row.
 */
export function startHeartbeat({ env, db, log, instanceId }: AppContext): Heartbeat {
  const stopped = new AbortController()
  let writtenAt = 0
  let cameBackAt = 0
  const beat = async () => {
    await db.transaction(null, (tx) =>
      tx
        .insert(heartbeats)
        .values({ id: instanceId, beat_at: sql`clock_timestamp()` })
        .onConflictDoUpdate({ target: heartbeats.id, set: { beat_at: sql`clock_timestamp()` } }),
    )
    writtenAt = Date.now()
  }
  const write = () => void beat().catch((error) => log.warn({ err: error }, 'heartbeat not written'))
  write()
  const timer = setInterval(write, BEAT_EVERY_MS)
  const stream = new ShapeStream<{ id: string; beat_at: string }>({
    url: new URL('/v1/shape', env.ELECTRIC_URL).href,
    params: { table: 'heartbeats', where: '"id" = $1', params: [instanceId], secret: env.ELECTRIC_SECRET },
    signal: stopped.signal,
    onError: (error) => {
      log.warn({ reason: error.message }, 'heartbeat not read back')
      return {} // keeps trying: health says meanwhile that Electric is down
    },
  })
  const unsubscribe = stream.subscribe((messages) => {
    if (messages.some((message) => 'key' in message)) cameBackAt = Date.now()
  })
  return {
    postgresOk: () => Date.now() - writtenAt < FRESH_FOR_MS,
    electricOk: () => Date.now() - cameBackAt < FRESH_FOR_MS,
    stop: async () => {
      clearInterval(timer)
      unsubscribe()
      stopped.abort()
      await db
        .transaction(null, (tx) => tx.delete(heartbeats).where(sql`id = ${instanceId}`))
        .catch(() => {
          // Postgres may be gone already; a row left behind is one line that nobody reads.
        })
    },
  }
}
