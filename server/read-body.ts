import { AppError } from './errors.ts'

const KB = 1024

/**
 * The body as text. Counts what arrives and stops there: a length that the sender declares proves nothing.
 * @throws AppError too_large; invalid when it is not UTF-8.
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  let text = ''
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch (error) {
    if (error instanceof TypeError) throw notJson(error) // the decoder's
    throw error
  }
}

/** @throws AppError too_large, invalid. */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  return parseJson(await readText(request, maxBytes))
}

/** @throws AppError invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notJson(cause)
  }
}

const notJson = (cause: unknown) => new AppError('invalid', 'The body is not JSON.', { cause })

function tooLarge(maxBytes: number): AppError {
  const limit = maxBytes < KB * KB ? `${maxBytes / KB} KB` : `${maxBytes / KB / KB} MB`
  return new AppError('too_large', `The body is larger than ${limit}. Send less at once.`)
}
