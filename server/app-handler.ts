import { resolve } from 'node:path'
import { serve } from 'srvx'
import { staticMiddleware } from 'srvx/static'
import { secure } from './auth/security-headers.ts'
import type { Env } from './env.ts'
import { must } from './errors.ts'
import type { ListenOptions } from './listen.ts'

const MAX_BODY_BYTES = 10 * 1024 * 1024

// Names of built assets carry their digest; everything else is asked for again.
const forever = staticMiddleware({ dir: resolve('dist/client'), maxAge: 31_536_000, immutable: true })
const askedAgain = staticMiddleware({ dir: resolve('dist/client') })
const pathOf = (request: Request) => new URL(request.url).pathname
const isDigested = (request: Request) => pathOf(request).startsWith('/assets/')
// No file has such a name, and to find that out takes longer than many an answer.
const isCall = (request: Request) => /^\/(api|_serverFn)\//.test(pathOf(request))

/** The built app and its files, over what Node has of a request. */
export function appHandler(
  env: Env,
  fetch: (request: Request) => Response | Promise<Response>,
): ListenOptions['app'] {
  // `manual`: a server that never listens, for the handler that srvx makes for it.
  const { node } = serve({
    manual: true,
    silent: true,
    gracefulShutdown: false,
    maxRequestBodySize: MAX_BODY_BYTES,
    middleware: [
      async (_request, next) => {
        const response = await next()
        return response.headers.has('x-content-type-options') ? response : secure(response, env)
      },
      (request, next) =>
        isCall(request) ? next() : (isDigested(request) ? forever : askedAgain)(request, next),
    ],
    fetch,
  })
  return must(node?.handler, 'srvx runs on Node here')
}
