import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#db/embedded.ts'
import type { ProbeCalls } from '../processes/probe.ts'
import { PROBE, type Remote, startRemote } from '../processes/remote.ts'
import type { MeasuredDatabase } from './database.ts'
import { SECRET } from './shape-requests.ts'

const MAIN = resolve('electric', 'embedded', 'main.ts')

export interface ElectricRequest {
  /** Names its publication and its storage: another name is another service. */
  streamId: string
  database: MeasuredDatabase
  folder: string
  signal: AbortSignal
  env?: Record<string, string>
  nodeArgs?: string[]
}

/** The embedded Electric, started as `npm run electric` starts it. */
export interface ElectricProcess {
  readonly port: number
  /** The publication that it follows. */
  readonly publication: string
  readonly process: Remote<ProbeCalls>
  /** `kill -9`, and the same again on the same port and storage. */
  killAndRestart(): Promise<void>
  /** Ends it and leaves nothing behind. */
  stop(): Promise<void>
}

export async function startElectric(request: ElectricRequest): Promise<ElectricProcess> {
  const { streamId, database, folder } = request
  const storageDir = join(folder, `electric-${streamId}`)
  await mkdir(storageDir, { recursive: true })
  await database.publish(streamId)
  const port = await freePort()
  let process = launch(request, storageDir, port)
  const stop = async () => {
    await process.stop()
    await clear(request, storageDir)
  }
  try {
    await becomesActive(port, process)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    publication: `electric_publication_${streamId}`,
    get process() {
      return process
    },
    killAndRestart: async () => {
      await process.kill()
      process = launch(request, storageDir, port)
      await becomesActive(port, process)
    },
    stop,
  }
}

function launch(request: ElectricRequest, storageDir: string, port: number): Remote<ProbeCalls> {
  const { streamId, database, signal, env, nodeArgs = [] } = request
  return startRemote<ProbeCalls>(MAIN, {
    nodeArgs: [...nodeArgs, '--import', PROBE],
    env: {
      DATABASE_URL: database.electricUrl,
      ELECTRIC_PORT: String(port),
      ELECTRIC_SECRET: SECRET,
      ELECTRIC_STORAGE_DIR: storageDir,
      ELECTRIC_REPLICATION_STREAM_ID: streamId,
      ELECTRIC_MANUAL_TABLE_PUBLISHING: 'true', // as in the product, whose migrations publish
      ...env,
    },
    signal,
  })
}

async function clear({ database, streamId }: ElectricRequest, storageDir: string): Promise<void> {
  // Of a killed reader, Postgres learns a moment later.
  for (let attempt = 1; ; attempt++) {
    const cleared = await database.unpublish(streamId).then(
      () => true,
      () => false,
    )
    if (cleared || attempt === 20) break
    await delay(50)
  }
  await rm(storageDir, { recursive: true, force: true })
}

const ACTIVE_WITHIN_MS = 30_000
const ASK_EVERY_MS = 5

async function becomesActive(port: number, process: Remote<ProbeCalls>): Promise<void> {
  for (const deadline = performance.now() + ACTIVE_WITHIN_MS; performance.now() < deadline; ) {
    if (process.hasEnded) throw new Error(`Electric ended: ${process.lastWords()}`)
    if (await isActive(port)) return
    await delay(ASK_EVERY_MS)
  }
  throw new Error(`Electric was not active within ${ACTIVE_WITHIN_MS / 1000} s: ${process.lastWords()}`)
}

async function isActive(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/health`).catch(() => null)
  await response?.body?.cancel()
  return response?.status === 200
}
