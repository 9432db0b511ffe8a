import { createFileRoute } from '@tanstack/react-router'

/** An address of its own; the screen above it shows the thread. */
export const Route = createFileRoute('/_workspace/s/$sessionId/t/$threadId')({})
