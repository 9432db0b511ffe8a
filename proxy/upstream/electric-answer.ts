import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '#server/errors.ts'
import type { AnswerHead } from './electric-client.ts'
import { unavailable } from './unavailable.ts'

/** What a browser may see of Electric's answer; everything else stays here. */
const PASSED_HEADERS = [
  'content-type',
  'electric-cursor',
  'electric-handle',
  'electric-has-data',
  'electric-offset',
  'electric-schema',
  'electric-snapshot',
  'electric-up-to-date',
  'retry-after',
]

export function passedHeaders(from: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of PASSED_HEADERS) {
    const value = from[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

const POSITION_ERRORS = ['offset', 'handle', 'live', 'log']

/** What Electric's 400 means for the caller: an error of hers or of ours, or that her shape is gone. */
export function refusedPosition(text: string): AppError | { head: AnswerHead; body: Buffer } {
  const errors = errorsIn(text)
  // Electric has lost the end of this log, as after its folder was deleted: for the client that is a shape that is gone.
  if (errors.offset?.includes('out of bounds for this shape')) return MUST_REFETCH
  const fields = Object.keys(errors)
  if (fields.length > 0 && fields.every((field) => POSITION_ERRORS.includes(field))) {
    return new AppError('invalid', 'The position is not one that Electric gave.', { fields: errors })
  }
  return unavailable()
}

const body = Buffer.from('[{"headers":{"control":"must-refetch"}}]')
const MUST_REFETCH = {
  head: { status: 409, headers: { 'content-type': 'application/json' }, bytes: body.length },
  body,
}

function errorsIn(text: string): Record<string, string[]> {
  const body = parsed(text)
  if (typeof body !== 'object' || body === null || !('errors' in body)) return {}
  const { errors } = body
  if (typeof errors !== 'object' || errors === null) return {}
  return Object.fromEntries(
    Object.entries(errors).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
