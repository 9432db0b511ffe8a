import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#db/embedded.ts'
import type { ProbeCalls } from './processes/probe.ts'
import { PROBE, type Remote, startRemote } from './processes/remote.ts'
import type { Stack } from './stack.ts'

/** The program that `npm start` runs as the app, on the stack's Postgres and Electric. */
export interface AppProcess {
  readonly url: string
  readonly port: number
  readonly process: Remote<ProbeCalls>
  stop(): Promise<void>
}

export interface AppRequest {
  stack: Stack
  signal: AbortSignal
  env: Record<string, string>
  nodeArgs: string[]
}

const READY_WITHIN_MS = 30_000
const ASK_EVERY_MS = 25

export async function startApp({ stack, signal, env, nodeArgs }: AppRequest): Promise<AppProcess> {
  const port = await freePort()
  const process = startRemote<ProbeCalls>(resolve('server', 'main.ts'), {
    nodeArgs: [...nodeArgs, '--import', PROBE],
    env: { ...stack.appEnv, ...env, PORT: String(port) },
    signal,
  })
  const url = `http://127.0.0.1:${port}`
  try {
    await becomesReady(url, process)
  } catch (error) {
    await process.stop()
    throw error
  }
  return { url, port, process, stop: process.stop }
}

async function becomesReady(url: string, process: Remote<ProbeCalls>): Promise<void> {
  for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline; ) {
    if (process.hasEnded) throw new Error(`The app ended: ${process.lastWords()}`)
    if (await isReady(url)) return
    await delay(ASK_EVERY_MS)
  }
  throw new Error(`The app was not ready within ${READY_WITHIN_MS / 1000} s: ${process.lastWords()}`)
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/api/health`).catch(() => null)
  await response?.body?.cancel()
  return response?.ok ?? false
}
