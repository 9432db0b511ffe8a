import { createFileRoute } from '@tanstack/react-router'
import { serveShape } from '#proxy/serve-shape.ts'
import { context } from '#server/context.ts'
import { handle } from '#server/http.ts'

export const Route = createFileRoute('/api/shapes/$shape')({
  server: {
    handlers: {
      ANY: ({ request, params }) => handle(request, () => serveShape(context(), request, params.shape)),
    },
  },
})
