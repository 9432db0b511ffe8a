import type { Shape } from '#electric/shapes/index.ts'
import { AppError } from '#server/errors.ts'
import { countError } from '../metrics.ts'
import type { ProxyContext, ProxyState } from '../process-state.ts'
import { assertGood } from '../read-right.ts'
import type { Answer, AnswerReader } from '../upstream/answer.ts'
import { shapeRequest } from '../upstream/shape-request.ts'
import { unavailable } from '../upstream/unavailable.ts'
import type { Lease } from './lease.ts'

/** Where a reader stands in a shape's log. */
export interface LivePosition {
  handle: string
  offset: string
  cursor?: string | undefined
}

/** What all live entries of a process have in common. */
export interface LiveSource {
  /** Waits for what comes after a position, together with everybody who waits for the same. */
  join(shape: Shape, scopeId: string, position: LivePosition, reader: AnswerReader): Answer
  /** @throws AppError when nothing may be sent on this lease any more. */
  assertGood(lease: Lease): void
  /** What the caller is told of an error. */
  known(error: unknown): AppError
  refused(shape: string, error: AppError): void
}

export function createLiveSource(
  { env, log }: Pick<ProxyContext, 'env' | 'log'>,
  { answers, trust, counts }: Pick<ProxyState, 'answers' | 'trust' | 'counts'>,
): LiveSource {
  return {
    join: (shape, scopeId, { handle, offset, cursor }, reader) => {
      const position = { live: 'true', log: 'full', handle, offset, ...(cursor && { cursor }) }
      return answers.join(shapeRequest(env, shape, scopeId, position), reader)
    },
    assertGood: (lease) => assertGood(trust, lease.claims),
    known: (error) => {
      if (error instanceof AppError) return error
      log.error({ err: error }, 'live entry failed')
      return unavailable(error, '5')
    },
    refused: (shape, { code, message: reason }) => {
      countError(counts, code)
      log.info({ shape, code, reason }, 'live entry refused')
    },
  }
}
