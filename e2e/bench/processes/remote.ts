import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Handlers, ResultMessage } from './calls.ts'

/** To be preloaded into what is measured. */
export const PROBE = programPath('processes/probe')

/** @param name below the benchmark's folder, without its ending */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`../${name}.ts`, import.meta.url))
}

export interface RemoteOptions {
  /** Arguments of Node, before the script. */
  nodeArgs?: string[]
  env?: NodeJS.ProcessEnv
  /** Ends the process at once. */
  signal: AbortSignal
}

/** A Node process and the calls that it answers. */
export interface Remote<Calls extends Handlers> {
  call<Name extends keyof Calls & string>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>>
  /** What it wrote last. */
  lastWords(): string
  readonly hasEnded: boolean
  stop(): Promise<void>
  /** As a power cut does. */
  kill(): Promise<void>
}

const STOPS_WITHIN_MS = 15_000
const KEPT_CHARACTERS = 2_000

export function startRemote<Calls extends Handlers>(script: string, options: RemoteOptions): Remote<Calls> {
  options.signal.throwIfAborted()
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), script], {
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const words = listenTo(child)
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  const abort = () => child.kill('SIGKILL')
  options.signal.addEventListener('abort', abort)
  void ended.then(() => options.signal.removeEventListener('abort', abort))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (hasEnded()) return
    child.kill(signal)
    const hardStop = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS)
    await ended
    clearTimeout(hardStop)
  }
  return {
    call: callerOf<Calls>(child, ended, () => `${script} ended: ${words()}`),
    lastWords: words,
    get hasEnded() {
      return hasEnded()
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

function callerOf<Calls extends Handlers>(
  child: ChildProcess,
  ended: Promise<void>,
  whyEnded: () => string,
): Remote<Calls>['call'] {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  child.on('message', (message: ResultMessage) => {
    const call = waiting.get(message.result)
    waiting.delete(message.result)
    if ('error' in message) call?.reject(new Error(message.error))
    else call?.resolve(message.value)
  })
  void ended.then(() => {
    for (const call of waiting.values()) call.reject(new Error(whyEnded()))
    waiting.clear()
  })
  return (name, ...args) => {
    const call = Promise.withResolvers<unknown>()
    waiting.set(++calls, call)
    child.send({ call: calls, name, args }, (error) => error && call.reject(new Error(whyEnded())))
    return call.promise as Promise<never> // the handler of that name made it
  }
}

function listenTo(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-KEPT_CHARACTERS)
    })
  }
  return () => text.trim()
}
