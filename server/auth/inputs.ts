import * as z from 'zod/mini'
import { displayName } from '#db/inputs/fields.ts'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from './library.ts'

const email = z.email('must be an email address').check(z.maxLength(254, 'must be at most 254 characters'))

/** A password that is wrong in form gets the same answer as one that is wrong. */
export const signIn = z.strictObject({ email, password: z.string().check(z.maxLength(1000, 'is too long')) })

export const newAccount = z.strictObject({
  email,
  display_name: displayName,
  password: z
    .string()
    .check(
      z.minLength(MIN_PASSWORD_LENGTH, `must have at least ${MIN_PASSWORD_LENGTH} characters`),
      z.maxLength(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`),
    ),
})

export type NewAccount = z.output<typeof newAccount>
