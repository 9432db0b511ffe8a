import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCalls } from './calls.ts'

// Stands between the app and Electric, and knows which readers' requests wait there without asking the app.

export interface Waits {
  /** At this moment. */
  open: number
  /** Of one shape and offset, at any moment so far. */
  most: number
}

/** By shape and offset. */
const open = new Map<string, number>()
let most = 0
let table = ''
let upstream = new URL('http://127.0.0.1')
const agent = new Agent({ keepAlive: true })

const server = createServer((incoming, outgoing) => {
  const { method, headers, url: path = '' } = incoming
  const { searchParams } = new URL(path, upstream)
  // The app follows something of its own as well.
  const isWait = searchParams.get('live') === 'true' && searchParams.get('table') === table
  const finished = isWait ? count(placeOf(searchParams)) : () => {}
  const onward = request(
    { agent, host: upstream.hostname, port: upstream.port, method, path, headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  onward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => {
    finished()
    if (!outgoing.writableFinished) onward.destroy()
  })
  incoming.pipe(onward)
})

function placeOf(params: URLSearchParams): string {
  return ['params[1]', 'handle', 'offset'].map((name) => params.get(name)).join(' ')
}

function count(place: string): () => void {
  const now = (open.get(place) ?? 0) + 1
  open.set(place, now)
  most = Math.max(most, now)
  return () => {
    const left = (open.get(place) ?? 1) - 1
    if (left > 0) open.set(place, left)
    else open.delete(place)
  }
}

const calls = {
  /** @param of the table whose shapes are counted. @returns its port. */
  listen: async (upstreamUrl: string, of: string): Promise<number> => {
    table = of
    upstream = new URL(upstreamUrl)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
    return (server.address() as AddressInfo).port // of a TCP server
  },
  waits: (): Waits => ({ open: [...open.values()].reduce((sum, each) => sum + each, 0), most }),
  forget: (): void => {
    most = 0
  },
}

export type CountingPipeCalls = typeof calls

serveCalls(calls)
