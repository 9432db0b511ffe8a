import { type ClientRequest, request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import { setImmediate } from 'node:timers/promises'

export interface RawAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

export interface RawRequest {
  path: string
  method?: string
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal
}

/** A request exactly as given, headers that `fetch` does not let one set included. */
export function send(
  url: string,
  { path, method = 'GET', headers = {}, body, signal }: RawRequest,
): Promise<RawAnswer> {
  const { protocol, hostname, port } = new URL(url)
  const isTls = protocol === 'https:'
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = {
      ...{ hostname, port, path, method, headers: { ...length, ...headers }, agent: false },
      ...(isTls && { rejectUnauthorized: false }), // a test's own certificate
      ...(signal && { signal }),
    }
    const sent = (isTls ? overTls : overHttp)(options, (answer) => {
      answered = true
      let text = ''
      answer.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
    })
    sent.on('error', reject)
    let answered = false
    writeUntil(sent, body ?? '', () => answered).catch(reject)
  })
}

const PART = 64 * 1024

// A server that refuses a body by its length answers and hangs up: whoever goes on writing meets a broken pipe before
// the answer. So it is written in parts, with time to hear the answer in between.
async function writeUntil(sent: ClientRequest, body: string, isAnswered: () => boolean): Promise<void> {
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length && !isAnswered(); at += PART) {
    await new Promise<void>((written) => sent.write(bytes.subarray(at, at + PART), () => written()))
    await setImmediate()
  }
  if (!isAnswered()) sent.end()
}
