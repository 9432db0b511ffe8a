import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from 'srvx'
import { staticMiddleware } from 'srvx/static'
import { secure } from './auth/security-headers.ts'
import { context } from './context.ts'
import { startHeartbeat } from './heartbeat.ts'

// The app process: serves the built app. Started by start.ts, or alone where Postgres and Electric run elsewhere.

const { env, log } = context()
context().heartbeat = startHeartbeat(context())
const handler = await builtApp()
// Names of built assets carry their digest; everything else is asked for again.
const forever = staticMiddleware({ dir: resolve('dist/client'), maxAge: 31_536_000, immutable: true })
const askedAgain = staticMiddleware({ dir: resolve('dist/client') })
const pathOf = (request: Request) => new URL(request.url).pathname
const isDigested = (request: Request) => pathOf(request).startsWith('/assets/')
// No file has such a name, and to find that out takes longer than many an answer.
const isCall = (request: Request) => /^\/(api|_serverFn)\//.test(pathOf(request))

const server = serve({
  hostname: env.HOST,
  port: env.PORT,
  silent: true,
  gracefulShutdown: false,
  maxRequestBodySize: 10 * 1024 * 1024,
  middleware: [
    async (_request, next) => {
      const response = await next()
      return response.headers.has('x-content-type-options') ? response : secure(response, env)
    },
    (request, next) =>
      isCall(request) ? next() : (isDigested(request) ? forever : askedAgain)(request, next),
  ],
  fetch: (request) => handler.fetch(request),
})
await server.ready()
log.info({ url: server.url, auth: env.AUTH_MODE }, 'listening')

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.on('disconnect', () => void stop()) // the starter is gone, however it went

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await context().heartbeat?.stop()
  await server.close(true)
  await context().db.close()
  process.exit(0)
}

async function builtApp(): Promise<{ fetch(request: Request): Promise<Response> }> {
  const built = (await import(pathToFileURL(resolve('dist/server/server.js')).href)) as {
    default: { fetch(request: Request): Promise<Response> }
  }
  return built.default
}
