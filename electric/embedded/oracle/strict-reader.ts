import { setTimeout as delay } from 'node:timers/promises'
import { eventData } from './event-lines.ts'
import { History } from './history.ts'
import { isChange, readMessage } from './messages.ts'
import { describeSubject, paramsOf, type Subject } from './random-subjects.ts'
import type { ExpectedRows, Reader } from './reader.ts'
import { type Asked, checkHead, readBody } from './strict-answer.ts'
import { type Beginning, StrictCopy } from './strict-copy.ts'
import { readSubset } from './subset-answer.ts'
import { must, Violation } from './violation.ts'

export interface StrictOptions {
  readonly url: string
  readonly subject: Subject
  readonly beginning: Beginning
  readonly transport: 'long-poll' | 'sse' | 'poll'
  /** Slow ones take their time between requests and over an answer, impatient ones ask anew before there is one. */
  readonly manner: 'steady' | 'slow' | 'impatient'
}

const RETRY_MS = 40
const POLL_EVERY_MS = 15
const SLOW_MS = 12
const PATIENCE_MS = 35
/** So many of the answers that may not change. */
const KEPT_ANSWERS = 3

/** Reads a shape over plain HTTP and takes the protocol at its word: whatever does not fit is a failure. */
export class StrictReader implements Reader {
  readonly title: string
  readonly subject: Subject
  readonly definition: Readonly<Record<string, string>>
  readonly #options: StrictOptions
  readonly #copy: StrictCopy
  readonly #history = new History()
  /** Whole chunks, by the addresses that they were read from. */
  readonly #chunks = new Map<string, string>()
  #cursor: string | null = null
  #failure: Error | null = null
  #running: Promise<void> = Promise.resolve()
  #stop = new AbortController()

  constructor(options: StrictOptions) {
    const { subject, beginning, transport, manner } = options
    const ofChanges = beginning === 'changes' || beginning === 'subset'
    this.subject = subject
    this.definition = { ...paramsOf(subject), ...(ofChanges ? { log: 'changes_only' } : {}) }
    this.title = `${manner} strict reader (${beginning}, ${transport}) of ${describeSubject(subject)}`
    this.#options = options
    this.#copy = new StrictCopy(subject, beginning)
  }

  get failure(): Error | null {
    return this.#failure
  }

  get handle(): string | null {
    return this.#copy.handle
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
    return this.#copy.difference(expected)
  }

  async readAgain(): Promise<void> {
    for (const [address, before] of this.#chunks) {
      const response = await fetch(address)
      const text = await response.text()
      if (response.status === 200) must(text === before, 'a whole chunk stays as it is', { before, text })
    }
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
    const isWaiting = transport === 'poll' && this.#copy.isUpToDate
    const pauseMs = manner === 'slow' ? SLOW_MS : isWaiting ? POLL_EVERY_MS : 0
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal })
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { transport, manner } = this.#options
    const { needsSubset, isUpToDate } = this.#copy
    const isLive = isUpToDate && transport !== 'poll'
    const url = this.#url(needsSubset ? { subset__where: 'true = true' } : isLive ? this.#live() : {})
    const patience = isLive && manner === 'impatient' ? [AbortSignal.timeout(PATIENCE_MS)] : []
    const response = await fetch(url, { signal: AbortSignal.any([signal, ...patience]) })
    const isStream = response.status === 200 && isLive && transport === 'sse'
    const text = isStream ? '' : manner === 'slow' ? await slowText(response) : await response.text()
    const offset = response.headers.get('electric-offset')
    this.#history.add(`${url.search} → ${response.status} ${offset} ${text.length} bytes`)
    if (isStream) return this.#hear(response)
    if (response.status === 409) return this.#refetch(response.headers, text)
    if (response.status === 503) return void (await delay(RETRY_MS))
    must(response.status === 200, `the status is ${response.status}`, text)
    if (needsSubset) this.#copy.merge(readSubset(text))
    else this.#read(url, response.headers, text, isLive)
  }

  #url(more: Readonly<Record<string, string>>): URL {
    const { at, handle, offset } = this.#copy
    const address = new URL('/v1/shape', this.#options.url)
    const params = {
      ...this.definition,
      offset,
      ...(at !== null && handle !== null ? { handle } : {}),
      ...more,
    }
    address.search = new URLSearchParams(params).toString()
    return address
  }

  #live(): Record<string, string> {
    return {
      live: 'true',
      ...(this.#options.transport === 'sse' ? { live_sse: 'true' } : {}),
      ...(this.#cursor !== null ? { cursor: this.#cursor } : {}),
    }
  }

  #read(url: URL, headers: Headers, text: string, isLive: boolean): void {
    const { at, handle } = this.#copy
    const asked = { at, handle, isLive }
    const offset = this.#enter(headers, asked)
    for (const message of readBody(text, headers, asked)) this.#copy.take(message)
    this.#copy.arrive(offset)
    if (!isLive && at !== null && !headers.has('electric-up-to-date')) this.#keep(url.href, text)
  }

  #keep(address: string, text: string): void {
    this.#chunks.set(address, text)
    const [oldest = ''] = this.#chunks.keys()
    if (this.#chunks.size > KEPT_ANSWERS) this.#chunks.delete(oldest)
  }

  #enter(headers: Headers, asked: Asked): string {
    const { handle, offset } = checkHead(headers, asked)
    this.#copy.enter(handle)
    this.#cursor = headers.get('electric-cursor')
    return offset
  }

  #refetch(headers: Headers, text: string): void {
    must(
      text === '[{"headers":{"control":"must-refetch"}}]',
      'a 409 says that all is to be fetched anew',
      text,
    )
    this.#copy.refetch(headers.get('electric-handle'))
  }

  /** Reads events until the server ends the stream. */
  async #hear(response: Response): Promise<void> {
    const { at, handle } = this.#copy
    this.#enter(response.headers, { at, handle, isLive: true })
    const type = response.headers.get('content-type')
    must(type?.startsWith('text/event-stream') === true, 'it is an event stream', type)
    if (!response.body) return
    for await (const data of eventData(response.body)) {
      if (this.#options.manner === 'slow') await delay(1)
      const message = readMessage(JSON.parse(data))
      this.#copy.take(message)
      const seen = isChange(message) ? '0' : (message.headers.global_last_seen_lsn ?? '')
      // The official client makes its position of this.
      must(
        BigInt(seen) <= (this.#copy.at?.tx ?? 0n),
        'no stream is said to be read further than it was',
        seen,
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
