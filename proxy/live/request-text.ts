import { AppError } from '#server/errors.ts'
import type { NodeRequest } from '../call.ts'

const MAX_BYTES = 1024 * 1024

/**
 * The body as text. Counted while reading: a length header is only a claim.
 * @throws AppError too_large, after which the request is read no further; or the error with which its sender went.
 */
export function readRequestText(request: NodeRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    const read = (part: Buffer) => {
      bytes += part.length
      parts.push(part)
      if (bytes > MAX_BYTES) end(() => reject(new AppError('too_large', 'The request is larger than 1 MB.')))
    }
    const finish = () => end(() => resolve(Buffer.concat(parts).toString('utf8')))
    // By hand: what an iterator leaves behind would stay for as long as the stream that is answered.
    const end = (settle: () => void) => {
      request.off('data', read).off('end', finish).off('error', reject)
      settle()
    }
    request.on('data', read).on('end', finish).on('error', reject)
  })
}
