import type { LeanConnection } from './lean-http.ts'
import { unexpected } from './long-poll-client.ts'

/** Where a client is in a shape. */
export interface Position {
  path: string
  handle: string
  offset: string
}

/** Reads a shape from its beginning to its end. */
export async function syncShape(
  connection: LeanConnection,
  path: string,
): Promise<{ position: Position; bytes: number }> {
  const position = { path, handle: '', offset: '-1' }
  for (let bytes = 0; ; ) {
    const { offset, handle } = position
    const answer = await connection.ask(`${path}&offset=${offset}${handle && `&handle=${handle}`}`)
    if (answer.status !== 200) throw unexpected(answer)
    bytes += answer.body.length
    position.handle = answer.header('electric-handle') ?? ''
    position.offset = answer.header('electric-offset') ?? ''
    if (answer.header('electric-up-to-date') !== null) return { position, bytes }
  }
}
