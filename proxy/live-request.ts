import { z } from 'zod'
import { AppError } from '#server/errors.ts'

const MAX_BODY_BYTES = 1024 * 1024
const MAX_ENTRIES = 200

const entrySchema = z.strictObject({
  id: z.string().min(1).max(64),
  shape: z.string().min(1).max(64),
  session_id: z.uuid().optional(),
  token: z.string().min(1).max(2048),
  handle: z.string().min(1).max(256),
  offset: z.string().min(1).max(64),
  cursor: z.string().max(64).optional(),
})

/** A shape that the page follows, and from where in its log. */
export type LiveEntry = z.output<typeof entrySchema>

const bodySchema = z.strictObject({ entries: z.array(entrySchema).min(1).max(MAX_ENTRIES) })

/** @throws AppError too_large or invalid. */
export async function readLiveRequest(request: Request): Promise<LiveEntry[]> {
  const parsed = bodySchema.safeParse(parseJson(await readText(request)))
  if (!parsed.success) {
    throw new AppError('invalid', `Send {"entries": […]} with 1 to ${MAX_ENTRIES} entries.`, {
      fields: z.flattenError(parsed.error).fieldErrors,
    })
  }
  const { entries } = parsed.data
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    throw new AppError('invalid', 'Two entries have the same id.')
  }
  return entries
}

// Counted while reading: a length header is only a claim.
async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw new AppError('too_large', 'The request is larger than 1 MB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AppError('invalid', 'The body is not JSON.')
  }
}
