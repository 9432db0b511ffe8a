import type { IncomingMessage } from 'node:http'
import { ProtocolError } from './protocol-error.ts'
import { isObject } from './subset-params.ts'

export const MAX_BODY_BYTES = 8_000_000

/**
 * Reads a POST body, of whatever content type. None is an empty object.
 * @throws ProtocolError 400, 413; or the connection's error
 */
export async function readJsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const text = String(await readBody(request))
  if (text === '') return {}
  const body = parse(text)
  if (!isObject(body)) throw new ProtocolError(400, { error: 'Request body must be a JSON object' })
  return body
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
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) return void chunks.push(chunk)
      // The rest is read and dropped: a caller that is still sending would not hear the refusal otherwise.
      chunks.length = 0
      reject(new ProtocolError(413, { error: 'Request body too large' }))
      if (bytes > 4 * MAX_BODY_BYTES) request.destroy()
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}
