import { AppError } from '#server/errors.ts'
import type { NodeRequest } from '../call.ts'

const MAX_BYTES = 1024 * 1024

/**
 * The body as text. Counted while reading: a length header is only a claim.
 * @throws AppError too_large; the request is read no further.
 */
export async function readRequestText(request: NodeRequest): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  // Not destroyed when it is too large: its connection is needed for the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length
    if (bytes > MAX_BYTES) throw new AppError('too_large', 'The request is larger than 1 MB.')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
