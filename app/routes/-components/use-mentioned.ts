import { useMemo } from 'react'
import type { Mentionable } from '#app/components/composer/mentions.ts'
import type { MembersById } from '#app/components/messages/author.ts'

const nobody: readonly Mentionable[] = []

/** The people a message names: the same list until their names change. */
export function useMentioned(ids: readonly string[], membersById: MembersById): readonly Mentionable[] {
  const found = ids.flatMap((id) => membersById.get(id) ?? [])
  const names = found.map((member) => `${member.account_id} ${member.display_name}`).join('\n')
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are renewed at every change, the names seldom are.
  return useMemo(() => (found.length === 0 ? nobody : found), [names])
}
