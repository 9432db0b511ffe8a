import { createServerFn } from '@tanstack/react-start'
import { rowId } from '#db/inputs/fields.ts'
import { AppError } from '#server/errors.ts'
import { listInvitations } from '#server/queries/invitations.ts'
import { asCaller } from './caller-function.ts'

/** The invitations of a session that still let somebody in, for its owners. */
export const invitationsOf = createServerFn({ method: 'GET' })
  .validator((sessionId: string) => sessionId)
  .handler(({ data }) =>
    asCaller('invitationsOf', ({ db }, caller) => {
      const sessionId = rowId.safeParse(data)
      if (!sessionId.success) throw new AppError('invalid', 'The id of a session must be a UUID.')
      return listInvitations(db, caller, sessionId.data)
    }),
  )
