import { createServer } from 'vite'
import { context } from './context.ts'
import { startHeartbeat } from './heartbeat.ts'

// The app process of `npm run dev`: Vite serves the app and reloads it as its source changes.

const { env, log } = context()
context().heartbeat = startHeartbeat(context())
const vite = await createServer({ server: { host: env.HOST, port: env.PORT } })
await vite.listen()
log.info({ port: env.PORT }, 'listening, reloading')

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.on('disconnect', () => void stop())

async function stop(): Promise<void> {
  await vite.close()
  process.exit(0)
}
