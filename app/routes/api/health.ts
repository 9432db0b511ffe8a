import { createFileRoute } from '@tanstack/react-router'
import { context } from '#server/context.ts'
import { healthResponse } from '#server/health.ts'
import { allowMethods, handle } from '#server/http.ts'

export const Route = createFileRoute('/api/health')({
  server: { handlers: { ANY: ({ request }) => handle(request, health) } },
})

async function health(request: Request): Promise<Response> {
  allowMethods(request, 'GET', 'HEAD')
  return healthResponse(context())
}
