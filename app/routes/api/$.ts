import { createFileRoute } from '@tanstack/react-router'
import { AppError } from '#server/errors.ts'
import { handle } from '#server/http.ts'

// An address under /api that is no endpoint must not answer with a page.
export const Route = createFileRoute('/api/$')({
  server: { handlers: { ANY: ({ request }) => handle(request, unknownEndpoint) } },
})

async function unknownEndpoint(): Promise<Response> {
  throw new AppError('not_found', 'There is no such endpoint.')
}
