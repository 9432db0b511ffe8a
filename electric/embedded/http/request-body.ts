import type { IncomingMessage } from 'node:http'
import { ProtocolError } from './protocol-error.ts'
import { isObject } from './subset-params.ts'

const MAX_BYTES = 8_000_000

/** Of all that are being read: beyond it they would be most of the process's memory. */
const MAX_TOTAL_BYTES = 10 * MAX_BYTES

let totalBytes = 0

/**
 * Reads a POST body, of whatever content type. None is an empty object.
 * @throws ProtocolError 400, 413, 503; or the connection's error
 */
export async function readJsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const text = hasBody(request) ? String(await readBody(request)) : ''
  if (text === '') return {}
  const body = parse(text)
  if (!isObject(body)) throw new ProtocolError(400, { error: 'Request body must be a JSON object' })
  return body
}

// Of a request that names none, Node gives no end either.
function hasBody({ headers }: IncomingMessage): boolean {
  return 'content-length' in headers || 'transfer-encoding' in headers
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const details = error instanceof Error ? error.message : ''
    throw new ProtocolError(400, { error: 'Invalid JSON in request body', details })
  }
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    totalBytes += chunk.length
    const refusal = refusalOf(bytes)
    if (!refusal) return void chunks.push(chunk)
    // The rest is read and dropped: a caller that is still sending would not hear the refusal otherwise.
    chunks.length = 0
    reject(refusal)
    if (bytes > 4 * MAX_BYTES) request.destroy()
  })
  request.on('end', () => resolve(Buffer.concat(chunks)))
  request.on('error', reject)
  request.on('close', () => {
    totalBytes -= bytes
  })
  return promise
}

function refusalOf(bytes: number): ProtocolError | null {
  if (bytes > MAX_BYTES) return new ProtocolError(413, { error: 'Request body too large' })
  if (totalBytes <= MAX_TOTAL_BYTES) return null
  return new ProtocolError(
    503,
    { message: 'Too much is being sent at once, please retry' },
    { 'retry-after': '1' },
  )
}
