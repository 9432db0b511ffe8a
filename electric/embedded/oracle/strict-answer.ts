import { isSnapshotChunk, type Offset } from '../shape/offsets.ts'
import { isUpToDateMessage, type Message, readMessage } from './messages.ts'
import { must } from './violation.ts'

export interface Asked {
  /** Null before the first answer. */
  readonly at: Offset | null
  readonly handle: string | null
  readonly isLive: boolean
}

/** Checks what a 200 says of itself. @returns its handle and offset */
export function checkHead(headers: Headers, asked: Asked): { handle: string; offset: string } {
  const handle = headers.get('electric-handle') ?? ''
  const offset = headers.get('electric-offset') ?? ''
  must(handle !== '' && offset !== '', 'an answer has a handle and an offset', [...headers])
  must(asked.at === null || handle === asked.handle, 'an answer is of the shape that was asked for', {
    handle,
    asked: asked.handle,
  })
  must(headers.has('electric-schema') !== asked.isLive, 'all but live answers have the schema')
  must(/^\d+$/.test(headers.get('electric-cursor') ?? '') === asked.isLive, 'live answers have a cursor')
  must((headers.get('etag') ?? '').startsWith(`"${handle}:`), 'an answer has an etag', headers.get('etag'))
  return { handle, offset }
}

/** The messages of a body, which fit what its head says. */
export function readBody(text: string, headers: Headers, asked: Asked): readonly Message[] {
  const body: unknown = JSON.parse(text)
  must(Array.isArray(body), 'a body is an array', text.slice(0, 500))
  const messages = body.map(readMessage)
  const isUpToDate = messages.some(isUpToDateMessage)
  must(
    headers.has('electric-up-to-date') === isUpToDate,
    'the header and the message agree',
    text.slice(-300),
  )
  must(
    messages.slice(0, -1).every((message) => !isUpToDateMessage(message)),
    'up-to-date comes last',
  )
  // Nothing new and no word that there is nothing new would leave the reader where it is.
  const isSnapshot = asked.at === null || isSnapshotChunk(asked.at)
  must(messages.length > 0 || isSnapshot, 'an answer carries something', [...headers])
  return messages
}
