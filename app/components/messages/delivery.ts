import type { MutationError, UnsentMutation } from '#app/collections/workspace.tsx'

/** What the outbox still holds for one message. Absent: Postgres has it. */
export interface Delivery {
  mutationId: string
  kind: 'send' | 'edit' | 'remove'
  state: UnsentMutation['state']
  error: MutationError | undefined
}

const kinds: Partial<Record<UnsentMutation['name'], Delivery['kind']>> = {
  'chat_messages.send': 'send',
  'chat_messages.edit': 'edit',
  'chat_messages.remove': 'remove',
}

export const isOfMessage = ({ name }: UnsentMutation): boolean => kinds[name] !== undefined

/** Postgres never had it: there is nothing to edit or remove there, only to send again or to discard. */
export function wasNeverSent(delivery: Delivery | undefined): boolean {
  return delivery?.kind === 'send' && delivery.state === 'failed'
}

/** By message id; of several changes to one message the first that failed matters most, else the oldest. */
export function deliveriesOf(unsent: readonly UnsentMutation[]): Map<string, Delivery> {
  const found = new Map<string, Delivery>()
  for (const { id, name, input, state, error } of unsent) {
    const kind = kinds[name]
    if (!kind || !('id' in input)) continue
    const known = found.get(input.id)
    if (known && (known.state === 'failed' || state !== 'failed')) continue
    found.set(input.id, { mutationId: id, kind, state, error })
  }
  return found
}
