import { createFileRoute } from '@tanstack/react-router'
import { context } from '#server/context.ts'
import { healthResponse } from '#server/health.ts'

export const Route = createFileRoute('/api/health')({
  server: { handlers: { GET: () => healthResponse(context()) } },
})
