import { afterAll, beforeAll, expect, it } from 'vitest'
import { testDatabase } from '#db/testing.ts'
import { startElectric } from '#electric/embedded/server.ts'
import { type AppContext, createContext } from './context.ts'
import { parseEnv } from './env.ts'
import { startHeartbeat } from './heartbeat.ts'
import { showApp } from './metrics.ts'

const SECRET = 'a secret that only Electric and the app know'
let ctx: AppContext
let stop: () => Promise<void>

beforeAll(async () => {
  const database = await testDatabase()
  const electric = await startElectric({ databaseUrl: database.electricUrl, secret: SECRET })
  ctx = createContext(
    parseEnv({
      DATABASE_URL: database.appUrl,
      ELECTRIC_URL: electric.url,
      ELECTRIC_SECRET: SECRET,
      AUTH_SECRET: 'x'.repeat(32),
      SHAPE_TOKEN_KEY: '{"kty":"EC","crv":"P-256","x":"","y":"","d":""}',
      LOG_LEVEL: 'silent',
    }),
  )
  stop = async () => {
    await ctx.heartbeat?.stop()
    await ctx.db.close()
    await electric.close()
    await database.close()
  }
})
afterAll(() => stop())

it('how far the stream is behind is shown as it is when somebody asks', async () => {
  const clock = { now: 1_000_000 }
  showApp(ctx)
  ctx.heartbeat = startHeartbeat(ctx, { everyMs: 600_000, now: () => clock.now })
  await expect.poll(shown, { timeout: 20_000, interval: 20 }).toEqual({ lag: '0', age: '0' })
  clock.now += 30_000
  expect(await shown()).toEqual({ lag: '0', age: '30' })
})

async function shown() {
  const text = await ctx.metrics.metrics()
  const of = (name: string) =>
    new RegExp(`^throughline_replication_${name}_seconds (\\S+)$`, 'm').exec(text)?.[1]
  return { lag: of('lag'), age: of('age') }
}
