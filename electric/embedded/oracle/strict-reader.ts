import { setTimeout as delay } from 'node:timers/promises'
import { eventData } from './event-lines.ts'
import { History } from './history.ts'
import { isChange, isUpToDateMessage, readMessage } from './messages.ts'
import { describeSubject, paramsOf, type Subject } from './random-subjects.ts'
import { difference, type ExpectedRows, type Reader } from './reader.ts'
import { checkHead, readBody } from './strict-answer.ts'
import { StrictOrder } from './strict-order.ts'
import { plain, StrictRows } from './strict-rows.ts'
import { must, Violation } from './violation.ts'

export interface StrictOptions {
  readonly url: string
  readonly subject: Subject
  readonly transport: 'long-poll' | 'sse' | 'poll'
  readonly manner: 'steady' | 'slow' | 'impatient'
  readonly log: 'full' | 'changes_only'
}

const RETRY_MS = 40
const POLL_EVERY_MS = 15
const SLOW_MS = 12
const PATIENCE_MS = 35

/** Reads a shape over plain HTTP and takes the protocol at its word: whatever does not fit is a failure. */
export class StrictReader implements Reader {
  readonly title: string
  readonly subject: Subject
  readonly definition: Readonly<Record<string, string>>
  readonly #options: StrictOptions
  readonly #order = new StrictOrder()
  readonly #rows: StrictRows
  readonly #history = new History()
  /** Handles that were answered 409: none of them may come back. */
  readonly #refused = new Set<string>()
  #handle: string | null = null
  #cursor: string | null = null
  #isUpToDate = false
  #failure: Error | null = null
  #running: Promise<void> = Promise.resolve()
  #stop = new AbortController()

  constructor(options: StrictOptions) {
    this.subject = options.subject
    this.definition = {
      ...paramsOf(options.subject),
      ...(options.log === 'changes_only' ? { log: options.log } : {}),
    }
    this.title = `${options.manner} strict reader (${options.transport}, ${options.log}) of ${describeSubject(options.subject)}`
    this.#options = options
    this.#rows = new StrictRows(options.subject, { startsEmpty: options.log === 'full' })
  }

  get failure(): Error | null {
    return this.#failure
  }

  get handle(): string | null {
    return this.#handle
  }

  history(): readonly string[] {
    return this.#history.lines
  }

  start(): void {
    this.#stop = new AbortController()
    this.#running = this.#run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  difference(expected: ExpectedRows): string | null {
    if (!this.#isUpToDate) return 'It is not up to date.'
    return this.#options.log === 'full'
      ? this.#differenceOfAll(expected)
      : this.#differenceOfChanged(expected)
  }

  #differenceOfAll({ rows }: ExpectedRows): string | null {
    return difference(texts(rows), texts(this.#plainRows()))
  }

  // Nothing is known of rows that nobody touched, nor of what was in the others before.
  #differenceOfChanged({ rows }: ExpectedRows): string | null {
    const actual = this.#plainRows()
    const expected = new Map<string, Readonly<Record<string, string | null>>>()
    for (const [key, row] of rows) {
      const known = actual.get(key)
      if (known)
        expected.set(key, Object.fromEntries(Object.keys(known).map((name) => [name, row[name] ?? null])))
      else if (this.#rows.gone.has(key)) expected.set(key, row)
    }
    return difference(texts(expected), texts(actual))
  }

  #plainRows(): Map<string, Readonly<Record<string, string | null>>> {
    const { subject } = this
    return new Map(
      [...this.#rows.rows].map(([key, row]) => [
        key,
        Object.fromEntries(Object.entries(row).map(([name, text]) => [name, plain(subject, name, text)])),
      ]),
    )
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#failure) {
      try {
        await this.#pause(signal)
        await this.#ask(signal)
      } catch (error) {
        if (error instanceof Violation || error instanceof SyntaxError) this.#failure = error
        // Aborted, or nobody listens at the moment.
        else await delay(RETRY_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { manner, transport } = this.#options
    const isWaiting = transport === 'poll' && this.#isUpToDate
    const pauseMs = manner === 'slow' ? SLOW_MS : isWaiting ? POLL_EVERY_MS : 0
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal })
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { transport, manner } = this.#options
    const isLive = this.#isUpToDate && transport !== 'poll'
    const url = this.#url(isLive)
    const patience = isLive && manner === 'impatient' ? [AbortSignal.timeout(PATIENCE_MS)] : []
    const response = await fetch(url, { signal: AbortSignal.any([signal, ...patience]) })
    const line = `${url.search} → ${response.status}`
    if (response.status === 200 && isLive && transport === 'sse') {
      this.#history.add(line)
      await this.#hear(response)
    } else await this.#read(response, isLive, line)
  }

  #url(isLive: boolean): URL {
    const { url, transport } = this.#options
    const address = new URL('/v1/shape', url)
    const params: Record<string, string> = { ...this.definition, offset: this.#order.offset }
    if (this.#order.at !== null && this.#handle !== null) params.handle = this.#handle
    if (isLive) params.live = 'true'
    if (isLive && transport === 'sse') params.live_sse = 'true'
    if (isLive && this.#cursor !== null) params.cursor = this.#cursor
    address.search = new URLSearchParams(params).toString()
    return address
  }

  async #read(response: Response, isLive: boolean, line: string): Promise<void> {
    const text = this.#options.manner === 'slow' ? await slowText(response) : await response.text()
    this.#history.add(`${line} ${response.headers.get('electric-offset')} ${text.length} bytes`)
    if (response.status === 409) return this.#refetch(response.headers, text)
    if (response.status === 503) return void (await delay(RETRY_MS))
    must(response.status === 200, `the status is ${response.status}`, text)
    const { at } = this.#order
    const asked = { at, handle: this.#handle, isLive }
    const { offset } = this.#enter(response.headers, asked)
    const messages = readBody(text, response.headers, asked)
    for (const message of messages) {
      const change = this.#order.accept(message)
      if (change) this.#rows.apply(change)
    }
    this.#order.arrive(offset)
    this.#isUpToDate = messages.some(isUpToDateMessage)
  }

  #enter(headers: Headers, asked: Parameters<typeof checkHead>[1]): { offset: string } {
    const { handle, offset } = checkHead(headers, asked)
    must(!this.#refused.has(handle), 'a handle that was refused does not come back', handle)
    this.#handle = handle
    this.#cursor = headers.get('electric-cursor')
    return { offset }
  }

  #refetch(headers: Headers, text: string): void {
    must(
      text === '[{"headers":{"control":"must-refetch"}}]',
      'a 409 says that all is to be fetched anew',
      text,
    )
    if (this.#handle !== null) this.#refused.add(this.#handle)
    const replacement = headers.get('electric-handle')
    must(
      replacement === null || !this.#refused.has(replacement),
      'another handle takes its place',
      replacement,
    )
    this.#isUpToDate = false
    this.#handle = null
    this.#order.reset()
    this.#rows.clear()
  }

  /** Reads events until the server ends the stream. */
  async #hear(response: Response): Promise<void> {
    this.#enter(response.headers, { at: this.#order.at, handle: this.#handle, isLive: true })
    must(
      response.headers.get('content-type')?.startsWith('text/event-stream') === true,
      'it is an event stream',
    )
    if (!response.body) return
    for await (const data of eventData(response.body)) {
      if (this.#options.manner === 'slow') await delay(1)
      const message = readMessage(JSON.parse(data))
      const change = this.#order.accept(message)
      if (change) this.#rows.apply(change)
      this.#isUpToDate = change === null
      const seen = isChange(message) ? null : message.headers.global_last_seen_lsn
      must(
        seen === null || BigInt(seen ?? '') <= (this.#order.at?.tx ?? 0n),
        'no stream is said to be read further than it was',
        {
          seen,
          at: this.#order.offset,
        },
      )
    }
  }
}

async function slowText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    await delay(2)
  }
  return text + decoder.decode()
}

function texts(rows: ReadonlyMap<string, Readonly<Record<string, string | null>>>): Map<string, string> {
  return new Map([...rows].map(([key, row]) => [key, JSON.stringify(Object.entries(row).sort(byName))]))
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
