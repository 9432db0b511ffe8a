import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

export interface RawResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** Asks as the path stands, and takes the answer as it comes: `fetch` tidies and unpacks both. */
export async function ask(url: string, path: string, asked: RawRequest = {}): Promise<RawResponse> {
  const { method = 'GET', headers = {}, body } = asked
  const outgoing = request(url, { path, method, headers, agent: false })
  outgoing.on('error', () => {}) // a refusal may come before all of a body is sent
  outgoing.end(body)
  const [response]: IncomingMessage[] = await once(outgoing, 'response')
  if (!response) throw new Error('There is no response.')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
}

export function json(response: RawResponse): unknown {
  return JSON.parse(String(response.body))
}
