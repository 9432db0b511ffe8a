import { once } from 'node:events'
import { Engine } from './engine.ts'
import { createHttpServer } from './http/http.ts'
import { type ElectricOptions, withDefaults } from './options.ts'

export type { ElectricOptions } from './options.ts'

export interface RunningElectric {
  readonly url: string
  readonly port: number
  /** When the database is followed for the first time. Requests may come before. */
  readonly ready: Promise<void>
  /** Answers those who wait, stores what is known, and ends; again, it is the same end. */
  close(): Promise<void>
}

/**
 * Serves the shape protocol over a database's logical replication. Listens at once; until the database is
 * connected, and while it is not, requests are answered 503 and `/v1/health` says `starting`.
 * @throws Error when an option is wrong or the port is taken
 */
export async function startElectric(options: ElectricOptions): Promise<RunningElectric> {
  const settings = withDefaults(options)
  const engine = new Engine(settings)
  const server = createHttpServer(engine, settings)
  server.listen(settings.port, settings.host)
  await once(server, 'listening')
  engine.start()
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : settings.port
  const end = async () => {
    const closed = once(server, 'close')
    server.close()
    await engine.close() // answers those who wait
    server.closeAllConnections()
    await closed
  }
  let ended: Promise<void> | null = null
  const close = () => {
    ended ??= end()
    return ended
  }
  return { url: `http://${settings.host}:${port}`, port, ready: engine.ready, close }
}
