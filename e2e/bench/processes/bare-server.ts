import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sessionOf } from '../markers.ts'
import { serveCalls } from './calls.ts'

// The least that a Node server can do for clients that wait: hold their responses, and answer those of a session
// when the replication brings one of its rows. A `GET` waits for one answer; a `POST` opens a stream that goes on.

export interface Followed {
  databaseUrl: string
  publication: string
  table: string
  /** As those that it is compared with have them. */
  headers: Record<string, string>
  bodyBytes: number
}

const held = new Map<string, ServerResponse[]>()
const STREAM_HEADERS = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  if (request.method === 'POST') openStream(request, response)
  else hold(sessionOf(request.url ?? ''), response)
})

function openStream(request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.setEncoding('latin1').on('data', (part) => {
    body += part
  })
  request.on('end', () => {
    const [, session = ''] = /"session_id":"([^"]+)"/.exec(body) ?? []
    response.writeHead(200, STREAM_HEADERS).write('\n')
    hold(session, response)
  })
}

function hold(session: string, response: ServerResponse): void {
  const waiting = held.get(session)
  if (waiting) waiting.push(response)
  else held.set(session, [response])
  response.on('close', () => response.writableEnded || forget(session, response))
}

function forget(session: string, response: ServerResponse): void {
  const waiting = held.get(session)
  waiting?.splice(waiting.indexOf(response), 1)
}

function answer(row: Record<string, string>, { headers, bodyBytes }: Followed): void {
  const session = row.session_id ?? ''
  const waiting = held.get(session) ?? []
  const body = Buffer.alloc(bodyBytes, ' ')
  body.write(JSON.stringify([{ value: row }]))
  const polls = waiting.filter(({ req }) => req.method === 'GET')
  held.set(
    session,
    waiting.filter(({ req }) => req.method !== 'GET'),
  )
  for (const stream of held.get(session) ?? []) stream.write(body)
  for (const poll of polls) poll.writeHead(200, headers).end(body)
}

const calls = {
  /** @returns its port. */
  listen: async (): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
    return (server.address() as AddressInfo).port // of a TCP server
  },
  follow: async (followed: Followed): Promise<void> => {
    // Only where it is needed: one that is asked for nothing else should be no larger than it must.
    const { followInserts } = await import('../bare-reader.ts')
    const { databaseUrl, publication, table } = followed
    await followInserts(databaseUrl, publication, table, (row) => answer(row, followed))
  },
}

export type BareServerCalls = typeof calls

serveCalls(calls)
