import { createFileRoute } from '@tanstack/react-router'
import { callerOf } from '#server/auth/index.ts'
import { context } from '#server/context.ts'
import { allowMethods, handle } from '#server/http.ts'
import { mutationsEndpoint } from '#server/mutations/index.ts'
import { logRefusal } from '#server/mutations/log-refusal.ts'

export const Route = createFileRoute('/api/mutations')({
  server: { handlers: { ANY: ({ request }) => handle(request, apply) } },
})

async function apply(request: Request): Promise<Response> {
  allowMethods(request, 'POST')
  const { db, env, log } = context()
  return mutationsEndpoint(db, await callerOf(request), request, {
    build: env.BUILD_ID,
    onRefusal: logRefusal(log),
  })
}
