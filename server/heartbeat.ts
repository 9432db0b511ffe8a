import { ShapeStream } from '@electric-sql/client'
import { eq, lt, sql } from 'drizzle-orm'
import { heartbeats } from '#db/schema/heartbeats.ts'
import type { AppContext } from './context.ts'

const BEAT_EVERY_MS = 5_000
/** No beat younger than this came back: the stream does not move. */
const FRESH_FOR_MS = 15_000
/** One that comes back later than this is not known any more: how late it was cannot be said. */
const FORGOTTEN_AFTER_MS = 10 * 60_000

export interface Heartbeat {
  /** Whether a beat written less than 15 s ago came back through Electric. */
  electricOk(): boolean
  /** Of the newest beat that came back, in seconds; undefined before the first. */
  newest(): { underway: number; age: number } | undefined
  stop(): Promise<void>
}

interface Timing {
  everyMs?: number
  /** This process's own clock, which no other machine's can contradict. */
  now?: () => number
}

/**
 * Proves end to end that the stream moves: writes a row of its own every few seconds and reads it back through
 * Electric. Read straight from Electric, not through the proxy: no caller has a scope that contains this row.
 */
export function startHeartbeat(
  ctx: AppContext,
  { everyMs = BEAT_EVERY_MS, now = () => performance.now() }: Timing = {},
): Heartbeat {
  const { log } = ctx
  /** When each beat was written, by the time that Postgres gave it. */
  const writtenAt = new Map<number, number>()
  let cameBack = { beatAt: Number.NaN, at: Number.NaN }
  const isFresh = (at: number) => now() - at < FRESH_FOR_MS

  const beat = async () => {
    const startedAt = now()
    writtenAt.set(await writeBeat(ctx), startedAt)
    for (const [beatAt, at] of writtenAt) {
      if (now() - at > FORGOTTEN_AFTER_MS && beatAt !== cameBack.beatAt) writtenAt.delete(beatAt)
    }
  }
  const write = () => void beat().catch((err) => log.warn({ err }, 'heartbeat not written'))
  write()
  const timer = setInterval(write, everyMs)
  void removeOldBeats(ctx).catch((err) => log.warn({ err }, 'old heartbeats not removed'))
  const stopReading = readBeats(ctx, everyMs, (beatAt) => {
    // A stream that begins again gives the same one once more.
    if (beatAt !== cameBack.beatAt) cameBack = { beatAt, at: now() }
  })
  // Looked up only when asked: a beat may come back before its own statement has answered.
  const newestWrittenAt = () => writtenAt.get(cameBack.beatAt)
  return {
    electricOk: () => isFresh(newestWrittenAt() ?? Number.NEGATIVE_INFINITY),
    newest: () => {
      const at = newestWrittenAt()
      return at === undefined ? undefined : { underway: (cameBack.at - at) / 1000, age: (now() - at) / 1000 }
    },
    stop: async () => {
      clearInterval(timer)
      stopReading()
      await removeBeat(ctx).catch(() => {
        // Postgres may be gone already; a row left behind is removed by who starts a day later.
      })
    },
  }
}

async function writeBeat({ db, instanceId }: AppContext): Promise<number> {
  const beat_at = sql`clock_timestamp()`
  const { value } = await db.transaction(null, (tx) =>
    tx
      .insert(heartbeats)
      .values({ id: instanceId, beat_at })
      .onConflictDoUpdate({ target: heartbeats.id, set: { beat_at } })
      .returning({ beat_at: heartbeats.beat_at }),
  )
  return value[0]?.beat_at.getTime() ?? Number.NaN
}

function removeBeat({ db, instanceId }: AppContext) {
  return db.transaction(null, (tx) => tx.delete(heartbeats).where(eq(heartbeats.id, instanceId)))
}

/** Instances that were killed could not remove theirs. */
function removeOldBeats({ db }: AppContext) {
  return db.transaction(null, (tx) =>
    tx.delete(heartbeats).where(lt(heartbeats.beat_at, sql`now() - interval '1 day'`)),
  )
}

/** The client gives a stream up for good after some errors: each that ends is followed by a new one. */
function readBeats(
  { env, log, instanceId }: AppContext,
  pauseMs: number,
  onBeat: (beatAt: number) => void,
): () => void {
  const stopped = new AbortController()
  let pause: NodeJS.Timeout | undefined
  const read = () => {
    const stream = new ShapeStream<{ id: string; beat_at: string }>({
      url: new URL('/v1/shape', env.ELECTRIC_URL).href,
      params: { table: 'heartbeats', where: '"id" = $1', params: [instanceId], secret: env.ELECTRIC_SECRET },
      signal: stopped.signal,
      backoffOptions: { initialDelay: Math.min(1000, pauseMs), maxDelay: pauseMs, multiplier: 2 },
      onError: (error) => {
        if (stopped.signal.aborted) return
        log.warn({ reason: error.message }, 'heartbeat not read back')
        pause = setTimeout(read, pauseMs)
      },
    })
    stream.subscribe((messages) => {
      for (const message of messages) if ('key' in message) onBeat(Date.parse(message.value.beat_at))
    })
  }
  read()
  return () => {
    stopped.abort()
    clearTimeout(pause)
  }
}
