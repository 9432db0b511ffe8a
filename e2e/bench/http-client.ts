import { Agent, request as httpRequest } from 'node:http'

export interface HttpAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface HttpClient {
  get(url: string, headers?: Record<string, string>): Promise<HttpAnswer>
  post(url: string, body: unknown): Promise<HttpAnswer>
  close(): void
}

/** Keeps its connections, and costs as little as a client can: what is measured is on the other side. */
export function createHttpClient(): HttpClient {
  const agent = new Agent({ keepAlive: true })
  const ask = (url: string, method: string, headers: Record<string, string>, body?: string) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      const request = httpRequest(url, { agent, method, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        )
      })
      request.on('error', reject)
      request.end(body)
    })
  return {
    get: (url, headers = {}) => ask(url, 'GET', headers),
    post: (url, body) => {
      const text = JSON.stringify(body)
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }
      return ask(url, 'POST', headers, text)
    },
    close: () => agent.destroy(),
  }
}

/** @throws Error that quotes the answer when it is not the one that is measured. */
export function expectOk({ status, body }: HttpAnswer): Buffer {
  if (status === 200) return body
  throw new Error(`Answered with ${status}: ${body.toString('utf8', 0, 300)}`)
}
