import { timestamp, uuid } from 'drizzle-orm/pg-core'

/** UUIDv7 made by whoever creates the row; derived and imported rows carry a UUIDv5. */
export const id = () => uuid().primaryKey()

export const moment = () => timestamp({ withTimezone: true, precision: 6, mode: 'date' })

export const createdAt = () => moment().notNull().defaultNow()

/** Kept true by a trigger (see the first migrations), so that no statement can forget it. */
export const updatedAt = () => moment().notNull().defaultNow()
