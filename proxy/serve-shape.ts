import { AppError } from '#server/errors.ts'
import type { Call } from './call.ts'
import type { ProxyState } from './process-state.ts'
import { readRight } from './read-right.ts'
import { ShapeAnswer } from './shape-answer.ts'
import { notValid } from './shape-tokens.ts'
import { POSITION_PARAMS, type Position, shapeRequest } from './upstream/shape-request.ts'

const MAX_PARAM_LENGTH = 256

/**
 * `GET /api/shapes/<name>?session_id=…&<position>` with `Authorization: Bearer <shape token>`: one answer of Electric,
 * for the scope that the token proves, written as it comes.
 * @throws AppError method_not_allowed, unauthenticated, not_found, invalid, unavailable; then nothing was written.
 */
export async function serveShape(
  state: ProxyState,
  call: Call,
  shapeName: string,
  query: string,
): Promise<void> {
  const { method, headers } = call.request
  if (method !== 'GET' && method !== 'HEAD') {
    throw new AppError('method_not_allowed', `${method} is not allowed here; use GET.`)
  }
  const claims = await state.tokens.verify(bearerToken(headers.authorization))
  const { position, sessionId } = readParams(query)
  const { shape, scopeId } = readRight(state.trust, claims, { shapeName, sessionId })
  if (call.isGone) return // gone while the token was looked at
  new ShapeAnswer(call, state, claims).read(shapeRequest(call.ctx.env, shape, scopeId, position))
}

function bearerToken(authorization: string | undefined): string {
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(authorization ?? '') ?? []
  if (!token) throw notValid()
  return token
}

// Anything unknown is refused rather than ignored: `table`, `where[]` or a token in the URL is an attack or a mistake.
function readParams(query: string): { position: Position; sessionId: string | null } {
  const position: Position = {}
  let sessionId: string | null = null
  for (const [name, value] of new URLSearchParams(query)) {
    if (value.length > MAX_PARAM_LENGTH) throw new AppError('invalid', 'A query parameter is too long.')
    if (name === 'session_id' && sessionId === null) sessionId = value
    else if (name === 'live' && !/^(true|false)$/.test(value))
      throw new AppError('invalid', 'live is true or false.')
    else if (isPositionParam(name) && position[name] === undefined) position[name] = value
    else
      throw new AppError('invalid', 'The query has a parameter that this shape does not take, or one twice.')
  }
  return { position, sessionId }
}

const isPositionParam = (name: string): name is keyof Position =>
  (POSITION_PARAMS as readonly string[]).includes(name) // widened to ask for any name
