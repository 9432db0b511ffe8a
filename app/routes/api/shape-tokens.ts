import { createFileRoute } from '@tanstack/react-router'
import { issueShapeToken } from '#proxy/issue-token.ts'
import { callerOf } from '#server/auth/index.ts'
import { context } from '#server/context.ts'
import { allowMethods, handle, jsonBody } from '#server/http.ts'

export const Route = createFileRoute('/api/shape-tokens')({
  server: { handlers: { ANY: ({ request }) => handle(request, issue) } },
})

async function issue(request: Request): Promise<Response> {
  allowMethods(request, 'POST')
  const caller = await callerOf(request)
  const token = await issueShapeToken(context(), caller, await jsonBody(request))
  return Response.json(token, { headers: { 'cache-control': 'private, no-store' } })
}
