import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import { parseJson } from '#server/read-body.ts'

/** Of a request, and of a stream at any time. */
export const MAX_ENTRIES = 1000
/** Each may cost the check of a signature, whoever sends it. */
const MAX_TOKENS = 250

const idSchema = z.string().min(1).max(64)

/** Electric's own words are no others; a part of one character could not even be sent to it. */
const wordSchema = z.string().regex(/^[\x21-\x7e]*$/)

const entrySchema = z.strictObject({
  id: idSchema,
  shape: z.string().min(1).max(64),
  session_id: z.uuid().optional(),
  /** The place of its token among the request's. */
  token: z.int().min(0),
  handle: wordSchema.min(1).max(256),
  offset: wordSchema.min(1).max(64),
  cursor: wordSchema.max(64).optional(),
})

/** A shape that a page follows, and from where in its log. */
export type LiveEntry = z.output<typeof entrySchema>

const tokensSchema = z.array(z.string().min(1).max(2048)).max(MAX_TOKENS)
const entriesSchema = z.array(entrySchema).max(MAX_ENTRIES)

const openSchema = z.strictObject({
  tokens: tokensSchema,
  entries: entriesSchema.min(1),
  once: z.boolean().default(false),
})

const changeSchema = z.strictObject({
  tokens: tokensSchema,
  entries: entriesSchema,
  drop: z.array(idSchema).max(MAX_ENTRIES),
})

export interface LiveRequest {
  tokens: string[]
  entries: LiveEntry[]
  /** Ids of entries to give up; none when a stream is opened. */
  drop: string[]
  /** Whether the answer ends after the first frames; never for a change. */
  once: boolean
}

/**
 * What a page asks of the live stream: to open one, or to change one that runs (format: FORMAT.md).
 * @throws AppError invalid.
 */
export function parseLiveRequest(text: string, kind: 'open' | 'change'): LiveRequest {
  const request = kind === 'open' ? parseOpening(text) : parseChange(text)
  const { tokens, entries } = request
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    throw new AppError('invalid', 'Two entries have the same id.')
  }
  if (entries.some(({ token }) => token >= tokens.length)) {
    throw new AppError('invalid', 'An entry names a token that is not in the request.')
  }
  return request
}

function parseOpening(text: string): LiveRequest {
  const { success, data, error } = openSchema.safeParse(parseJson(text))
  if (success) return { ...data, drop: [] }
  throw invalid(`Send {"tokens": […], "entries": […]} with 1 to ${MAX_ENTRIES} entries.`, error)
}

function parseChange(text: string): LiveRequest {
  const { success, data, error } = changeSchema.safeParse(parseJson(text))
  if (!success) throw invalid('Send {"tokens": […], "entries": […], "drop": […]}.', error)
  if (data.tokens.length + data.entries.length + data.drop.length === 0) {
    throw new AppError('invalid', 'This change changes nothing.')
  }
  return { ...data, once: false }
}

function invalid(message: string, error: z.ZodError): AppError {
  return new AppError('invalid', message, { fields: z.flattenError(error).fieldErrors })
}
