import { sql } from 'drizzle-orm'
import type { AppContext } from './context.ts'
import { VERSION } from './version.ts'

/** `GET /api/health`: 200 when everything a person needs is there, else 503 naming what is down. */
export async function healthResponse({ db, heartbeat }: AppContext): Promise<Response> {
  const postgresOk = await answersInTime(() => db.transaction(null, (tx) => tx.execute(sql`select 1`)))
  const electricOk = heartbeat?.electricOk() ?? false
  const ok = postgresOk && electricOk
  const body = {
    status: ok ? 'ok' : 'unavailable',
    postgres: postgresOk ? 'ok' : 'down',
    electric: electricOk ? 'ok' : 'down',
    version: VERSION,
  }
  return Response.json(body, { status: ok ? 200 : 503, headers: { 'cache-control': 'no-store' } })
}

const PATIENCE_MS = 3_000

async function answersInTime(question: () => Promise<unknown>): Promise<boolean> {
  const tooLate = new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS).unref())
  return Promise.race([
    question().then(
      () => true,
      () => false,
    ),
    tooLate,
  ])
}
