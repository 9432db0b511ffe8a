import type { SessionMember } from '#db/schema/session-members.ts'
import { Avatar } from './avatar.tsx'

/** The first few faces of a session and how many more there are. */
export function AvatarStack({ members, max = 4 }: { members: readonly SessionMember[]; max?: number }) {
  const shown = members.length > max ? members.slice(0, max - 1) : members
  const rest = members.length - shown.length
  return (
    <span className="avatar-stack" aria-hidden="true">
      {shown.map((member) => (
        <Avatar key={member.account_id} id={member.account_id} name={member.display_name} size="small" />
      ))}
      {rest > 0 && (
        <span className="avatar" data-size="small" data-rest="true">
          +{rest}
        </span>
      )}
    </span>
  )
}
