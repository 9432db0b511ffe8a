import { createServer, type Plugin } from 'vite'
import { createProxyListener } from '#proxy/listener.ts'
import { closeProxy } from '#proxy/process-state.ts'
import { certificateFiles, readCertificate } from './certificate.ts'
import { context } from './context.ts'
import { startHeartbeat } from './heartbeat.ts'
import { firstOf, type RawHandler } from './listen.ts'
import { metricsHandler, showApp, showProcess } from './metrics.ts'

// The app process of `npm run dev`: Vite serves the app and reloads it as its source changes.

const ctx = context()
const { env, log } = ctx
ctx.heartbeat = startHeartbeat(ctx)
showProcess(ctx)
showApp(ctx)
const files = certificateFiles(env)
const vite = await createServer({
  plugins: [beforeVite([createProxyListener(ctx), metricsHandler(ctx)])],
  server: { host: env.HOST, port: env.PORT, ...(files && { https: readCertificate(files) }) },
})
await vite.listen()
log.info({ port: env.PORT }, 'listening, reloading')

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.on('disconnect', () => void stop())

async function stop(): Promise<void> {
  await closeProxy(ctx)
  await vite.close()
  process.exit(0)
}

/** These do not reload: they are part of the process, as in production. */
function beforeVite(handlers: RawHandler[]): Plugin {
  const taken = firstOf(handlers, log)
  return {
    name: 'before-vite',
    configureServer: ({ middlewares }) => {
      middlewares.use((req, res, next) => taken(req, res) || next())
    },
  }
}
