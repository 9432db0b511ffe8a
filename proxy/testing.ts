import { createServer } from 'node:http'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { freePort } from '#db/embedded.ts'
import { testDatabase } from '#db/testing.ts'
import { type ElectricOptions, startElectric } from '#electric/embedded/server.ts'
import { apiSecurityHeaders } from '#server/auth/security-headers.ts'
import { createContext } from '#server/context.ts'
import { parseEnv } from '#server/env.ts'
import { AppError, errorResponse } from '#server/errors.ts'
import { mutationsEndpoint } from '#server/mutations/index.ts'
import { issueShapeToken } from './issue-token.ts'
import { createProxyListener } from './listener.ts'
import { closeProxy, type ProxyOptions, proxyState } from './process-state.ts'

const SECRET = 'a secret that only Electric and the proxy know'

/** A private EC P-256 key of a test's own. */
export async function newSigningKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ kty, crv, x, y, d })
}

/** Postgres, Electric and any number of app instances, all real; who calls is what the header `x-account` says. */
export async function startStack(options: Partial<ElectricOptions> = {}) {
  const database = await testDatabase()
  const electricOptions = { databaseUrl: database.electricUrl, secret: SECRET, ...options }
  let electric = await startElectric(electricOptions)
  const apps: TestApp[] = []
  const shared = { key: await newSigningKey() }
  return {
    ...database,
    /** Where Electric is; the app's environment has its secret. */
    get shapesUrl() {
      return electric.url
    },
    /** It keeps nothing: every shape has another handle afterwards. */
    restartElectric: async (whileAway: () => Promise<unknown> = async () => {}) => {
      const { port } = electric
      await electric.close()
      await whileAway()
      electric = await startElectric({ ...electricOptions, port })
      await electric.ready
    },
    /** One more app instance; with its own signing key when asked. */
    startApp: async (options: AppOptions & { ownKey?: boolean } = {}) => {
      const key = options.ownKey ? await newSigningKey() : shared.key
      const app = await startTestApp(key, {
        databaseUrl: database.appUrl,
        electricUrl: electric.url,
        ...options,
      })
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

/** What an answer says, without what every one carries. */
export function ownHeaders({ headers }: Response, { ctx }: TestApp): Record<string, string> {
  const common = new Set(['connection', 'keep-alive', 'date', ...Object.keys(apiSecurityHeaders(ctx.env))])
  return Object.fromEntries([...headers].filter(([name]) => !common.has(name)))
}

export type TestApp = Awaited<ReturnType<typeof startTestApp>>

interface AppOptions {
  databaseUrl?: string
  electricUrl?: string
  port?: number
  /** Where it is reached from outside, when that is not its own port. */
  publicUrl?: string
  proxy?: ProxyOptions
}

async function startTestApp(key: string, options: AppOptions & { databaseUrl: string; electricUrl: string }) {
  const port = options.port ?? (await freePort())
  const ctx = createContext(
    parseEnv({
      PORT: String(port),
      ...(options.publicUrl && { PUBLIC_URL: options.publicUrl }),
      DATABASE_URL: options.databaseUrl,
      ELECTRIC_URL: options.electricUrl,
      ELECTRIC_SECRET: SECRET,
      AUTH_SECRET: 'x'.repeat(32),
      SHAPE_TOKEN_KEY: key,
      LOG_LEVEL: 'silent',
    }),
  )
  const route = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const caller = { accountId: request.headers.get('x-account') ?? '' }
    if (pathname === '/api/shape-tokens') {
      await proxyState(ctx, options.proxy) // whose options count is whose request comes first
      return Response.json(await issueShapeToken(ctx, caller, await request.json()))
    }
    if (pathname === '/api/mutations') return mutationsEndpoint(ctx.db, caller, request)
    throw new AppError('not_found', 'There is no such endpoint.')
  }
  const others = (request: Request) =>
    route(request).catch((error) => {
      if (error instanceof AppError) return errorResponse(error)
      throw error
    })
  const proxy = createProxyListener(ctx, options.proxy)
  const server = createServer((req, res) => {
    if (!proxy(req, res))
      void others(new NodeRequest({ req, res })).then((answer) => sendNodeResponse(res, answer))
  })
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${port}`
  let stopped = false
  return {
    ctx,
    key,
    url,
    /** Sends it here, wherever it was addressed to. */
    answer: async (request: Request): Promise<Response> => {
      const { pathname, search } = new URL(request.url)
      return fetch(new Request(`${url}${pathname}${search}`, request))
    },
    stop: async () => {
      if (stopped) return
      stopped = true
      await closeProxy(ctx)
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await ctx.db.close()
    },
  }
}
