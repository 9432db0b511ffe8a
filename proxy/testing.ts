import { serve } from 'srvx'
import { testDatabase } from '#db/testing.ts'
import { startElectric } from '#electric/embedded/server.ts'
import { createContext } from '#server/context.ts'
import { parseEnv } from '#server/env.ts'
import { AppError, errorResponse } from '#server/errors.ts'
import { mutationsEndpoint } from '#server/mutations/index.ts'
import { issueShapeToken } from './issue-token.ts'
import { closeProxy } from './process-state.ts'
import { serveLive } from './serve-live.ts'
import { serveShape } from './serve-shape.ts'

const SECRET = 'a secret that only Electric and the proxy know'

/** A private EC P-256 key of a test's own. */
export async function newSigningKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ kty, crv, x, y, d })
}

/** Postgres, Electric and any number of app instances, all real; who calls is what the header `x-account` says. */
export async function startStack({ longPollTimeoutMs = 20_000 } = {}) {
  const database = await testDatabase()
  const electricOptions = { databaseUrl: database.electricUrl, secret: SECRET, longPollTimeoutMs }
  let electric = await startElectric(electricOptions)
  const apps: TestApp[] = []
  const shared = { key: await newSigningKey() }
  return {
    ...database,
    /** It keeps nothing: every shape has another handle afterwards. */
    restartElectric: async (whileAway: () => Promise<unknown> = async () => {}) => {
      const { port } = electric
      await electric.close()
      await whileAway()
      electric = await startElectric({ ...electricOptions, port })
      await electric.ready
    },
    /** One more app instance; with its own signing key when asked. */
    startApp: async (
      options: { ownKey?: boolean; databaseUrl?: string; electricUrl?: string; port?: number } = {},
    ) => {
      const key = options.ownKey ? await newSigningKey() : shared.key
      const app = await startTestApp(
        options.databaseUrl ?? database.appUrl,
        key,
        options.electricUrl ?? electric.url,
        options.port,
      )
      apps.push(app)
      return app
    },
    stop: async () => {
      for (const app of apps) await app.stop()
      await electric.close()
      await database.close()
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof startTestApp>>

async function startTestApp(appUrl: string, key: string, electricUrl: string, port = 0) {
  const ctx = createContext(
    parseEnv({
      DATABASE_URL: appUrl,
      ELECTRIC_URL: electricUrl,
      ELECTRIC_SECRET: SECRET,
      AUTH_SECRET: 'x'.repeat(32),
      SHAPE_TOKEN_KEY: key,
      LOG_LEVEL: 'silent',
    }),
  )
  const route = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const caller = { accountId: request.headers.get('x-account') ?? '' }
    if (pathname === '/api/live') return serveLive(ctx, request)
    if (pathname === '/api/shape-tokens') {
      return Response.json(await issueShapeToken(ctx, caller, await request.json()))
    }
    if (pathname === '/api/mutations') return mutationsEndpoint(ctx.db, caller, request)
    return serveShape(ctx, request, decodeURIComponent(pathname.replace('/api/shapes/', '')))
  }
  const answer = (request: Request) =>
    route(request).catch((error) => {
      if (error instanceof AppError) return errorResponse(error)
      throw error
    })
  const server = serve({ fetch: answer, port, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
  await server.ready()
  let stopped = false
  return {
    ctx,
    key,
    url: new URL(server.url ?? '').origin,
    /** The same without a network between. */
    answer,
    stop: async () => {
      if (stopped) return
      stopped = true
      await server.close(true)
      await closeProxy(ctx)
      await ctx.db.close()
    },
  }
}
