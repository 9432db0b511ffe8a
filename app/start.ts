import { createMiddleware, createStart } from '@tanstack/react-start'
import { guardRequest } from '#server/auth/guard.ts'
import { context } from '#server/context.ts'
import { refusal } from '#server/http.ts'

// Server functions, API routes and pages alike: the framework's own check covers server functions only, and only
// where an application has no start.ts of its own.
const guard = createMiddleware().server(({ request, next }) => {
  try {
    guardRequest(request, context().env)
  } catch (error) {
    return refusal(request, error)
  }
  return next()
})

export const startInstance = createStart(() => ({ requestMiddleware: [guard] }))
