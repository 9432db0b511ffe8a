import { jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, moment } from './columns.ts'

/** Public halves of the keys that sign shape tokens, so that any app instance verifies what another issued. Never synced. */
export const signingKeys = pgTable('signing_keys', {
  /** RFC 7638 thumbprint; the token's `kid`. */
  kid: text().primaryKey(),
  public_jwk: jsonb().$type<{ kty: string; crv: string; x: string; y: string }>().notNull(),
  expires_at: moment().notNull(),
  created_at: createdAt(),
})

export type SigningKey = typeof signingKeys.$inferSelect
