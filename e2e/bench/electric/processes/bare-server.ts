import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sessionOf, TABLE } from '../measured-table.ts'
import { serveCalls } from './calls.ts'

// The least that a Node server can do for clients that wait: hold their responses, and answer those of a session
// when the replication brings one of its rows.

const held = new Map<string, ServerResponse[]>()

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const session = sessionOf(request.url ?? '')
  const waiting = held.get(session)
  if (waiting) waiting.push(response)
  else held.set(session, [response])
  response.on('close', () => response.writableEnded || forget(session, response))
})

function forget(session: string, response: ServerResponse): void {
  const waiting = held.get(session)
  waiting?.splice(waiting.indexOf(response), 1)
}

function answer(row: Record<string, string>, bodyBytes: number): void {
  const session = row.session_id ?? ''
  const waiting = held.get(session) ?? []
  held.delete(session)
  const body = Buffer.alloc(bodyBytes, ' ')
  body.write(JSON.stringify([{ value: row }]))
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': bodyBytes }
  for (const response of waiting) response.writeHead(200, headers).end(body)
}

const calls = {
  /** @returns its port. */
  listen: async (): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port // of a TCP server
  },
  /** @param bodyBytes of each answer, as many as those that it is compared with have */
  follow: async (databaseUrl: string, publication: string, bodyBytes: number): Promise<void> => {
    // Only where it is needed: one that is asked for nothing else should be no larger than it must.
    const { followInserts } = await import('../../bare-reader.ts')
    await followInserts(databaseUrl, publication, TABLE, (row) => answer(row, bodyBytes))
  },
}

export type BareServerCalls = typeof calls

serveCalls(calls)
