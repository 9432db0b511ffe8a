import type { MutationInput, MutationName } from '#db/inputs/index.ts'
import { accountEffects } from './accounts.ts'
import { chatMessageEffects } from './chat-messages.ts'
import { chatThreadEffects } from './chat-threads.ts'
import { chatToolEventEffects } from './chat-tool-events.ts'
import type { Effect, Effects, View } from './effects.ts'
import { inboxEntryEffects } from './inbox-entries.ts'
import { sessionMemberEffects } from './session-members.ts'
import { sessionEffects } from './sessions.ts'

/** Nothing of these is on any screen before the server has answered. */
const UNSEEN = {
  'invitations.create': () => {},
  'invitations.revoke': () => {},
  'session_members.join': () => {},
} satisfies Partial<Effects>

/** One for each name of db/inputs: a mutation without its effect does not compile. */
const effects: Effects = {
  ...UNSEEN,
  ...accountEffects,
  ...chatMessageEffects,
  ...chatThreadEffects,
  ...chatToolEventEffects,
  ...inboxEntryEffects,
  ...sessionEffects,
  ...sessionMemberEffects,
}

export function applyEffect<Name extends MutationName>(
  view: View,
  name: Name,
  input: MutationInput<Name>,
  at: Date,
): void {
  const effect: Effect<Name> = effects[name]
  effect(view, input, at)
}

/** Which changes must reach the server in the order in which they were made: those of one session, or the account's own. */
export function laneOf(view: View, name: MutationName, input: object): string {
  if ('session_id' in input) return String(input.session_id)
  if (name.startsWith('sessions.') && 'id' in input) return String(input.id)
  if ('id' in input) {
    const id = String(input.id)
    for (const [sessionId, { messages, threads, toolEvents }] of view.openSessions()) {
      if (messages.has(id) || threads.has(id) || toolEvents.has(id)) return sessionId
    }
  }
  return view.accountId
}
