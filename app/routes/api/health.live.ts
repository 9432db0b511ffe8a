import { createFileRoute } from '@tanstack/react-router'
import { allowMethods, handle } from '#server/http.ts'

export const Route = createFileRoute('/api/health/live')({
  server: { handlers: { ANY: ({ request }) => handle(request, alive) } },
})

async function alive(request: Request): Promise<Response> {
  allowMethods(request, 'GET', 'HEAD')
  return Response.json({ status: 'ok' }, { headers: { 'cache-control': 'no-store' } })
}
