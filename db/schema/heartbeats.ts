import { pgTable } from 'drizzle-orm/pg-core'
import { createdAt, id, moment } from './columns.ts'

/** One row an app instance, rewritten every few seconds and read back through Electric: proof that the stream moves. */
export const heartbeats = pgTable('heartbeats', {
  id: id(),
  beat_at: moment().notNull(),
  created_at: createdAt(),
})

export type Heartbeat = typeof heartbeats.$inferSelect
