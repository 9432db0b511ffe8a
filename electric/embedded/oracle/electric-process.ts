import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '#db/embedded.ts'
import { eventually } from './eventually.ts'
import type { Reader } from './reader.ts'
import { must } from './violation.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const OUTPUT_KEPT = 20_000

/** Electric as a process of its own, which can be stopped and killed, and which keeps its port and its folder. */
export class ElectricProcess {
  readonly url: string
  readonly #environment: NodeJS.ProcessEnv
  #child: ChildProcess | null = null
  #isExpectedToEnd = false
  #failure: Error | null = null
  #output = ''

  private constructor(url: string, environment: NodeJS.ProcessEnv) {
    this.url = url
    this.#environment = environment
  }

  static async start(databaseUrl: string, storageDir: string): Promise<ElectricProcess> {
    const port = await freePort()
    const electric = new ElectricProcess(`http://127.0.0.1:${port}`, {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: databaseUrl,
      ELECTRIC_PORT: String(port),
      ELECTRIC_INSECURE: 'true',
      ELECTRIC_STORAGE_DIR: storageDir,
      ELECTRIC_ENABLE_INTEGRATION_TESTING: 'true', // allows shapes to be deleted
      ELECTRIC_SHAPE_CHUNK_BYTES_THRESHOLD: '6000',
      ELECTRIC_LONG_POLL_TIMEOUT: '2s',
      ELECTRIC_MAX_SHAPES: '500',
    })
    await electric.start()
    return electric
  }

  get output(): string {
    return this.#output
  }

  /** That it ended by itself. */
  get failure(): Error | null {
    return this.#failure
  }

  async start(): Promise<void> {
    this.#isExpectedToEnd = false
    const child = fork(MAIN, {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      detached: true, // a Ctrl-C is for who started it, and stops it in time
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => this.#hear(String(text)))
    child.once('exit', (code, signal) => {
      if (!this.#isExpectedToEnd) this.#fail(`Electric ended by itself (${signal ?? `code ${code}`})`)
    })
    await eventually('Electric follows the database', () => this.#failure !== null || this.#isActive())
    if (this.#failure) throw this.#failure
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#isExpectedToEnd = true
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    let isOver = false
    void once(child, 'exit').then(() => (isOver = true))
    await eventually(`Electric ends by ${signal}`, () => isOver).catch((error: unknown) => {
      child.kill('SIGKILL')
      throw error
    })
  }

  /** Whether the stream was read up to a position. */
  async hasSeen(lsn: bigint, { definition }: Pick<Reader, 'definition'>): Promise<boolean> {
    const response = await this.#ask({ ...definition, offset: 'now' })
    const seen = /"global_last_seen_lsn":"(\d+)"/.exec(await response.text())?.[1]
    return BigInt(seen ?? 0) >= lsn
  }

  /** Whether there still is the shape that a client reads. */
  async knows({ definition, handle }: Pick<Reader, 'definition' | 'handle'>): Promise<boolean> {
    const response = await this.#ask({ ...definition, handle: handle ?? '', offset: '0_inf' })
    await response.text()
    return response.status === 200
  }

  /** Ends the shape that a client reads, if there still is one. */
  async forget({ definition }: Pick<Reader, 'definition'>): Promise<void> {
    const response = await this.#ask(definition, 'DELETE')
    const text = await response.text()
    must([202, 404, 503].includes(response.status), 'a shape can be deleted', `${response.status} ${text}`)
  }

  #ask(params: Readonly<Record<string, string>>, method = 'GET'): Promise<Response> {
    return fetch(`${this.url}/v1/shape?${new URLSearchParams(params)}`, { method })
  }

  async #isActive(): Promise<boolean> {
    const health = await fetch(`${this.url}/v1/health`).catch(() => null)
    await health?.arrayBuffer().catch(() => {})
    return health?.status === 200
  }

  #hear(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_KEPT)
  }

  #fail(message: string): void {
    this.#failure ??= new Error(`${message}\nIts output:\n${this.#output}`)
  }
}
