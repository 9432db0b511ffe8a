import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#db/embedded.ts'
import { ensureBuild } from '#server/build.ts'
import { openDatabase } from '#server/database.ts'
import { parseStarterEnv } from '#server/env.ts'
import { startApp, startElectric } from '#server/services.ts'

/** Everything that `npm start` starts, on a data folder of its own, with the addresses of its inner parts. */
export interface Stack {
  appUrl: string
  electricUrl: string
  electricSecret: string
  /** Connection string of the owner role. */
  databaseUrl: string
  stop(): Promise<void>
}

const READY_WITHIN_MS = 30_000

/** @throws Error naming the folder with the logs, which is left there then. */
export async function startStack(say: (line: string) => void, signal: AbortSignal): Promise<Stack> {
  forgetSettings()
  const dataDir = await mkdtemp(join(tmpdir(), 'throughline-bench-'))
  const env = parseStarterEnv({ PORT: String(await freePort()), DATA_DIR: dataDir })
  const reports = { say, fail: (error: Error) => say(error.message) }
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each()
  }
  try {
    const buildId = await ensureBuild(say)
    signal.throwIfAborted()
    const database = await openDatabase(env)
    stops.push(async () => database.embedded?.stop())
    const electric = await startElectric(env, database, reports)
    stops.push(async () => electric.service?.stop())
    const app = await startApp(env, { database, electric, buildId, dev: false }, reports)
    stops.push(app.stop)
    const appUrl = `http://127.0.0.1:${env.PORT}`
    await healthy(appUrl, dataDir, signal)
    stops.unshift(() => rm(dataDir, { recursive: true, force: true }))
    return {
      appUrl,
      electricUrl: electric.url,
      electricSecret: electric.secret,
      databaseUrl: database.ownerUrl,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

// A person's own settings are for her own installation: here everything is as it comes.
function forgetSettings(): void {
  for (const name of ['AUTH_MODE', 'HOST', 'LOG_LEVEL', 'PUBLIC_URL', 'TRUST_PROXY']) delete process.env[name]
}

async function healthy(appUrl: string, dataDir: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadline) {
    const answer = await fetch(`${appUrl}/api/health`, { signal }).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await delay(50, undefined, { signal })
  }
  throw new Error(`The app is not ready after ${READY_WITHIN_MS / 1000} s. Logs: ${join(dataDir, 'logs')}`)
}
