import type { AnswerSink, Asking, ElectricClient } from './electric-client.ts'
import { retryPauseMs } from './retry-pause.ts'
import type { ShapeRequest } from './shape-request.ts'

/**
 * Asks again a few times when Electric is away. A restarting one is back within a second or so: asking from here spares
 * every browser that waits its own back-off.
 */
export function askPatiently(client: ElectricClient, request: ShapeRequest, sink: AnswerSink): Asking {
  let asking: Asking
  let timer: NodeJS.Timeout | undefined
  let hasBegun = false
  let retries = 0
  const ask = () => {
    asking = client.ask(request, patient)
  }
  const patient: AnswerSink = {
    head: (head) => {
      hasBegun = true
      sink.head(head)
    },
    data: (chunk) => sink.data(chunk),
    end: () => sink.end(),
    fail: (error) => {
      const pauseMs = retryPauseMs(retries++)
      const isBrief = error.code === 'unavailable' && error.retryAfter === '1' && !hasBegun
      if (!isBrief || pauseMs === undefined) return sink.fail(error)
      timer = setTimeout(ask, pauseMs)
    },
  }
  ask()
  return {
    resume: () => asking.resume(),
    stop: () => {
      clearTimeout(timer)
      asking.stop()
    },
  }
}
