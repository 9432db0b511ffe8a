import { resolve } from 'node:path'
import { type ServerRequest, serve } from 'srvx'
import { staticMiddleware } from 'srvx/static'
import { secure, setSecurity } from './auth/security-headers.ts'
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
    fetch: async (request) => {
      const file = isCall(request) ? null : await fileFor(request, env)
      if (file) return file
      const response = await fetch(request)
      return response.headers.has('x-content-type-options') ? response : secure(response, env)
    },
  })
  return must(node?.handler, 'srvx runs on Node here')
}

const noFile = new Response(null, { status: 404 })

async function fileFor(request: ServerRequest, env: Env): Promise<Response | null> {
  const file = await (isDigested(request) ? forever : askedAgain)(request, () => noFile)
  if (file === noFile) return null
  // Not `secure`: to copy the answer makes a web stream of Node's, and the one that Node 26 makes ends the process when
  // its reader leaves while the end of the file is read.
  setSecurity(file.headers, env)
  return file
}
