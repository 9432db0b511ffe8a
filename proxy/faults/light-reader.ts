import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Message } from '@electric-sql/client'
import { type LiveFrame, LiveFrameDecoder } from '#app/sync/live-frames.ts'
import type { TestApp } from '../testing.ts'
import { Held, type Reader } from './held.ts'

export interface LightReaderOptions {
  app: TestApp
  agent: Agent
  sessionId: string
  token: string
  /** Opens streams that end with their first answers. */
  once?: boolean
}

interface Position {
  handle: string
  offset: string
  cursor?: string
}

const BEGINNING: Position = { handle: '', offset: '-1' }

/**
 * Follows a session's messages as the official client does, a snapshot and then live, but with so little around it that
 * there can be a thousand; and it can stop in the middle of anything.
 */
export class LightReader implements Reader {
  readonly name: string
  readonly shape = 'chat_messages'
  readonly scopeId: string
  readonly held = new Held()
  /** Of all answers but good ones. */
  readonly refusals: number[] = []
  /** What the last of them said of when to come again. */
  retryAfter: string | undefined
  /** The streams that it has opened, by their names. */
  readonly streams: string[] = []
  readonly #options: LightReaderOptions
  #position = BEGINNING
  #expired = ''
  #live: IncomingMessage | undefined
  #isClosed = false

  constructor(name: string, options: LightReaderOptions) {
    this.name = name
    this.scopeId = options.sessionId
    this.#options = options
  }

  /** Until it is closed, or refused what it asks for. */
  async follow(): Promise<void> {
    while (!this.#isClosed && (await this.#catchUp())) {
      if (!(await this.#followLive())) return
    }
  }

  stop(): void {
    this.#live?.pause()
  }

  goOn(): void {
    this.#live?.resume()
  }

  close(): void {
    this.#isClosed = true
    this.#live?.destroy()
  }

  async #catchUp(): Promise<boolean> {
    const isAtEnd = this.#position.offset !== '-1'
    for (let upToDate = isAtEnd; !upToDate && !this.#isClosed; ) {
      const { statusCode: status = 0, headers, body } = await this.#get()
      upToDate = status === 200 && 'electric-up-to-date' in headers
      if (!this.#take(status, textOf(headers), body)) return false
    }
    return true
  }

  async #get() {
    const { app, agent, sessionId, token } = this.#options
    const { handle, offset } = this.#position
    const query = new URLSearchParams({
      session_id: sessionId,
      offset,
      ...(handle && { handle }),
      ...(this.#expired && { expired_handle: this.#expired }),
    })
    const headers = { authorization: `Bearer ${token}` }
    const answer = await ask(`${app.url}/api/shapes/chat_messages?${query}`, { agent, headers })
    return { statusCode: answer.statusCode, headers: answer.headers, body: await buffer(answer) }
  }

  /** @returns whether to open another stream, or to begin anew. */
  async #followLive(): Promise<boolean> {
    const { app, agent, sessionId, token, once = false } = this.#options
    const entry = { id: '1', shape: this.shape, session_id: sessionId, token: 0, ...this.#position }
    const body = JSON.stringify({ tokens: [token], entries: [entry], once })
    const live = await ask(`${app.url}/api/live`, { agent, method: 'POST' }, body)
    this.#live = live
    if (this.#isClosed) live.destroy()
    this.streams.push(String(live.headers['live-stream']))
    const decoder = new LiveFrameDecoder()
    let goesOn = live.statusCode === 200
    live.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) goesOn &&= this.#takeFrame(frame)
    })
    await new Promise((over) => live.on('close', over).on('error', over))
    return goesOn
  }

  #takeFrame({ status, headers, body }: LiveFrame): boolean {
    return this.#take(status, Object.fromEntries(headers), body)
  }

  /** @returns whether there is a way to go on. */
  #take(status: number, headers: Record<string, string>, body: Uint8Array): boolean {
    if (status !== 200) {
      this.refusals.push(status)
      this.retryAfter = headers['retry-after']
    }
    if (status === 409) this.#beginAnew(headers)
    else if (status === 200) {
      const {
        'electric-handle': handle = '',
        'electric-offset': offset = '',
        'electric-cursor': cursor,
      } = headers
      this.#position = { handle, offset, ...(cursor && { cursor }) }
      if (body.length > 0) this.held.apply(JSON.parse(Buffer.from(body).toString('utf8')) as Message[])
    }
    return status === 200 || status === 409
  }

  #beginAnew({ 'electric-handle': handle = '' }: Record<string, string>): void {
    this.#expired = this.#position.handle || this.#expired
    this.#position = { handle, offset: '-1' }
    this.held.apply([{ headers: { control: 'must-refetch' } }])
  }
}

export function manySockets(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
}

function ask(url: string, options: RequestOptions, body = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body)
  })
}

function textOf(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
