import type { MutationName } from '#db/inputs/index.ts'
import { accountMutations } from './accounts.ts'
import { chatMessageMutations } from './chat-messages.ts'
import { chatThreadMutations } from './chat-threads.ts'
import { chatToolEventMutations } from './chat-tool-events.ts'
import type { Mutation } from './define.ts'
import { inboxEntryMutations } from './inbox-entries.ts'
import { invitationMutations } from './invitations.ts'
import { sessionMemberMutations } from './session-members.ts'
import { sessionMutations } from './sessions.ts'

/** One for each name of db/inputs: a name without its mutation does not compile. */
export const mutations: { readonly [Name in MutationName]: Mutation<Name> } = {
  ...accountMutations,
  ...chatMessageMutations,
  ...chatThreadMutations,
  ...chatToolEventMutations,
  ...inboxEntryMutations,
  ...invitationMutations,
  ...sessionMemberMutations,
  ...sessionMutations,
}
