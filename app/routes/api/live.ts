import { createFileRoute } from '@tanstack/react-router'
import { serveLive } from '#proxy/serve-live.ts'
import { context } from '#server/context.ts'
import { handle } from '#server/http.ts'

export const Route = createFileRoute('/api/live')({
  server: { handlers: { ANY: ({ request }) => handle(request, () => serveLive(context(), request)) } },
})
