import { MAX_MESSAGE_BYTES } from '#db/inputs/fields.ts'

export interface MessageSize {
  tooLarge: boolean
  /** What to show; undefined while the limit is far. */
  note: string | undefined
}

const fine: MessageSize = { tooLarge: false, note: undefined }
const encoder = new TextEncoder()
const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1024)} KB`

/** Whether a text may be sent, measured as Postgres will measure it. */
export function messageSize(text: string): MessageSize {
  // A UTF-16 unit is at most three bytes of UTF-8: short texts need no measuring at every key.
  if (text.length * 3 < MAX_MESSAGE_BYTES * 0.8) return fine
  const bytes = encoder.encode(text).length
  if (bytes > MAX_MESSAGE_BYTES) {
    return {
      tooLarge: true,
      note: `${kilobytes(bytes)} of at most ${kilobytes(MAX_MESSAGE_BYTES)}: shorten it or send it in parts.`,
    }
  }
  if (bytes < MAX_MESSAGE_BYTES * 0.8) return fine
  return { tooLarge: false, note: `${kilobytes(bytes)} of at most ${kilobytes(MAX_MESSAGE_BYTES)}.` }
}
