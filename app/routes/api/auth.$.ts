import { createFileRoute } from '@tanstack/react-router'
import { authOf } from '#server/auth/index.ts'
import { context } from '#server/context.ts'
import { handle } from '#server/http.ts'

export const Route = createFileRoute('/api/auth/$')({
  server: { handlers: { ANY: ({ request }) => handle(request, authOf(context()).handler) } },
})
