import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createProxyListener } from '#proxy/listener.ts'
import { closeProxy } from '#proxy/process-state.ts'
import { appHandler } from './app-handler.ts'
import { context } from './context.ts'
import { startHeartbeat } from './heartbeat.ts'
import { listen } from './listen.ts'
import { metricsHandler, showApp, showProcess } from './metrics.ts'

// The app process: serves the built app. Started by start.ts, or alone where Postgres and Electric run elsewhere.

const ctx = context()
const { env, log } = ctx
ctx.heartbeat = startHeartbeat(ctx)
showProcess(ctx)
showApp(ctx)
const app = await builtApp()
const server = await listen({
  env,
  log,
  handlers: [createProxyListener(ctx), metricsHandler(ctx)],
  app: appHandler(env, (request) => app.fetch(request)),
})
log.info({ url: server.url, auth: env.AUTH_MODE }, 'listening')

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.on('disconnect', () => void stop()) // the starter is gone, however it went

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await ctx.heartbeat?.stop()
  await closeProxy(ctx)
  await server.close()
  await ctx.db.close()
  process.exit(0)
}

async function builtApp(): Promise<{ fetch(request: Request): Promise<Response> }> {
  const built = (await import(pathToFileURL(resolve('dist/server/server.js')).href)) as {
    default: { fetch(request: Request): Promise<Response> }
  }
  return built.default
}
