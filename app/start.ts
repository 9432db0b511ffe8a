import { createMiddleware, createStart } from '@tanstack/react-start'
import { guardRequest } from '#server/auth/guard.ts'
import { createNonce, secure } from '#server/auth/security-headers.ts'
import { context } from '#server/context.ts'
import { refusal } from '#server/http.ts'

// Server functions, API routes and pages alike: the framework's own check covers server functions only, and only
// where an application has no start.ts of its own.
const guard = createMiddleware().server(async ({ request, next }) => {
  const { env } = context()
  const nonce = createNonce()
  try {
    guardRequest(request, env)
  } catch (error) {
    return secure(refusal(request, error), env)
  }
  const result = await next({ context: { nonce } })
  const page = { nonce, development: env.BUILD_ID === 'development' }
  return { ...result, response: secure(result.response, env, page) }
})

export const startInstance = createStart(() => ({ requestMiddleware: [guard] }))
