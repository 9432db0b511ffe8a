import { vi } from 'vitest'
import { encodeHead, HEARTBEAT } from '#proxy/live/frames.ts'
import { parseLiveRequest, type LiveEntry as RequestEntry } from '#proxy/live/live-request.ts'
import { createLiveTransport } from './live-transport.ts'
import { createShapeTokens, type TokenScope } from './shape-tokens.ts'
import type { Timing } from './timing.ts'

/** An entry with its token instead of the token's place. */
export type PeerEntry = Omit<RequestEntry, 'token'> & { token: string }

/** One streaming answer, as the server at the other end of the network writes it. */
export interface PeerStream {
  name: string
  once: boolean
  /** What is on it now; the last of a shape comes first when the shape is there twice. */
  entries: PeerEntry[]
  signal: AbortSignal
  write(bytes: Uint8Array): void
  beat(): void
  /** Answers the entry of a shape, and moves it on to an offset. */
  answer(shape: string, offset: string, body?: string, status?: number): void
  frame(shape: string, offset: string, body?: string, status?: number): Buffer
  /** A part of an answer; the first has an offset, all but the last have more. */
  piece(shape: string, offset: string | null, body: string, more: boolean): Buffer
  end(): void
  fail(): void
}

/** A request to change a stream. */
export interface PeerChange {
  stream: string
  tokens: string[]
  entries: PeerEntry[]
  drop: string[]
  signal: AbortSignal
  /** For changes that are held. */
  answer(status: number): void
}

export type Peer = ReturnType<typeof createPeer>

/** The network peer: of ours only the format, as the server reads and writes it, runs in it. */
export function createPeer() {
  const streams: PeerStream[] = []
  const changes: PeerChange[] = []
  const direct: { url: URL; token: string | null; answer(response: Response): void; signal: AbortSignal }[] =
    []
  let tokens = 0
  const peer = {
    streams,
    changes,
    direct,
    issued: () => tokens,
    last: () => streams.at(-1) as PeerStream, // each test has opened one
    lastChange: () => changes.at(-1) as PeerChange,
    status: { live: 200, token: 200, change: 204 },
    /** Of sessions whose tokens do not come; null is the account's own. */
    tokensHeldFor: new Set<TokenScope>(),
    holdsChanges: false,
    /** Without a name a stream cannot be changed. */
    namesStreams: true,
    /** Whether a stream's first byte gets through at once. */
    greets: true,
    isDown: false,
    fetch: (async (input, init = {}) => {
      const url = new URL(String(input))
      if (peer.isDown) throw new TypeError('Failed to fetch')
      const signal = init.signal ?? new AbortController().signal
      const body = String(init.body)
      if (url.pathname === '/shape-tokens') return issueToken(JSON.parse(body).session_id ?? null, signal)
      if (url.pathname === '/live') return openStream(body, signal)
      if (url.pathname.startsWith('/live/')) return changeStream(url.pathname.slice(6), body, signal)
      return new Promise<Response>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        direct.push({ url, token: new Headers(init.headers).get('authorization'), answer: resolve, signal })
      })
    }) as typeof fetch,
  }

  function issueToken(scope: TokenScope, signal: AbortSignal): Response | Promise<Response> {
    if (peer.tokensHeldFor.has(scope)) return untilAborted(signal)
    if (peer.status.token !== 200) return new Response(null, { status: peer.status.token })
    return Response.json({ token: `token ${++tokens}`, expires_in: 300 })
  }

  function openStream(body: string, signal: AbortSignal): Response {
    if (peer.status.live !== 200) return new Response(null, { status: peer.status.live })
    const request = parseLiveRequest(body, 'open')
    const name = `stream/${streams.length + 1}`
    const { stream, readable } = createStream(name, signal)
    stream.once = request.once
    stream.entries.push(...resolveTokens(request))
    streams.push(stream)
    if (peer.greets && !stream.once) stream.beat()
    return new Response(readable, { headers: peer.namesStreams ? { 'live-stream': name } : {} })
  }

  function changeStream(path: string, body: string, signal: AbortSignal): Response | Promise<Response> {
    const stream = streams.find(({ name }) => name === decodeURIComponent(path))
    const { tokens, drop, ...request } = parseLiveRequest(body, 'change')
    const entries = resolveTokens({ tokens, ...request })
    const apply = (status: number) => {
      if (status === 204 && stream) {
        stream.entries = [...entries, ...stream.entries].filter(({ id }) => !drop.includes(id))
      }
      return new Response(null, { status })
    }
    const held = Promise.withResolvers<Response>()
    const answer = (status: number) => held.resolve(apply(status))
    changes.push({ stream: stream?.name ?? '', tokens, entries, drop, signal, answer })
    if (!peer.holdsChanges) return apply(peer.status.change)
    return Promise.race([held.promise, untilAborted(signal)])
  }
  return peer
}

function resolveTokens({ tokens, entries }: { tokens: string[]; entries: RequestEntry[] }): PeerEntry[] {
  return entries.map((entry) => ({ ...entry, token: tokens[entry.token] ?? '' }))
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

function createStream(name: string, signal: AbortSignal) {
  const room = { highWaterMark: 1000 }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>(undefined, room)
  const writer = writable.getWriter()
  writer.closed.catch(() => {})
  signal.addEventListener('abort', () => writer.abort(signal.reason).catch(() => {}))
  const write = (bytes: Uint8Array) => void writer.write(bytes).catch(() => {})
  const idOf = (shape: string) => stream.entries.find((entry) => entry.shape === shape)?.id ?? ''
  const encode = (shape: string, offset: string | null, body: string, status: number, more: boolean) => {
    const headers = { 'electric-handle': 'h', 'electric-offset': `${offset}`, 'electric-cursor': `${offset}` }
    const bytes = Buffer.from(body)
    const head = encodeHead(idOf(shape), offset === null ? null : { status, headers }, bytes.length, more)
    return Buffer.concat([head, bytes])
  }
  const stream: PeerStream = {
    name,
    once: false,
    entries: [],
    signal,
    write,
    beat: () => write(HEARTBEAT),
    frame: (shape, offset, body = '[]', status = 200) => encode(shape, offset, body, status, false),
    piece: (shape, offset, body, more) => encode(shape, offset, body, 200, more),
    answer: (...given) => write(stream.frame(...given)),
    end: () => void writer.close().catch(() => {}),
    fail: () => void writer.abort(new TypeError('network error')).catch(() => {}),
  }
  return { stream, readable }
}

/** A page on that network, in a time that passes only when the test says so. */
export function openPage(timing: Partial<Timing> = {}) {
  vi.useFakeTimers()
  const peer = createPeer()
  const browser = { isOnline: true }
  const transport = createLiveTransport({
    fetch: peer.fetch,
    liveUrl: 'http://app/live',
    tokens: createShapeTokens({ fetch: peer.fetch, url: 'http://app/shape-tokens' }),
    isOnline: () => browser.isOnline,
    timing,
  })
  return {
    peer,
    browser,
    transport,
    state: () => transport.connection.getSnapshot(),
    /** A client of one shape that asks as Electric's does: from where the last answer left it. */
    follow: (shape: string, offset = '0_0', fetch = transport.connect(shape, null)) =>
      followShape(fetch, shape, offset),
    nextStream: async () => {
      const before = peer.streams.length
      for (let n = 0; n < 600 && peer.streams.length === before; n++) await pass(100)
      if (peer.streams.length === before) throw new Error('No stream was opened within a minute.')
    },
    close: () => {
      transport.close()
      vi.useRealTimers()
    },
  }
}

export const pass = (ms = 20) => vi.advanceTimersByTimeAsync(ms)

function followShape(fetch: typeof globalThis.fetch, shape: string, offset: string) {
  const client = {
    bodies: [] as string[],
    error: undefined as unknown,
    status: undefined as number | undefined,
    abort: new AbortController(),
    offset,
    ask: async (): Promise<void> => {
      const url = `http://app/shapes/${shape}?live=true&handle=h&offset=${client.offset}&cursor=0`
      try {
        const response = await fetch(url, { signal: client.abort.signal })
        client.status = response.status
        if (!response.ok) return
        client.bodies.push(await response.text())
        client.offset = response.headers.get('electric-offset') ?? ''
        void client.ask()
      } catch (error) {
        client.error = error
      }
    },
    fetch,
  }
  void client.ask()
  return client
}
