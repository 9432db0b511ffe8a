import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands between an app and Electric and sees what is asked. */
export interface Pipe {
  url: string
  /** Queries of shape requests. */
  asked: URLSearchParams[]
  /** What the next ones are answered with instead; null: by Electric. */
  refusal: { status: number; headers: Record<string, string> } | null
  close(): Promise<void>
}

export async function openPipe(target: () => string): Promise<Pipe> {
  const asked: URLSearchParams[] = []
  const pipe = { asked, refusal: null as Pipe['refusal'] }
  const server = createServer((incoming, answer) => {
    const { search, searchParams } = new URL(incoming.url ?? '', target())
    asked.push(searchParams)
    if (pipe.refusal) answer.writeHead(pipe.refusal.status, pipe.refusal.headers).end('{"message":"no"}')
    else passOn(`${target()}/v1/shape${search}`, incoming, answer)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo // listening on TCP
  return Object.assign(pipe, {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  })
}

function passOn(url: string, { method, headers }: IncomingMessage, answer: ServerResponse): void {
  const upstream = request(url, { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  upstream.on('error', () => answer.destroy())
  answer.on('close', () => upstream.destroy())
  upstream.end()
}
