import { Avatar } from '../people/avatar.tsx'
import type { Mentionable } from './mentions.ts'

interface Props {
  id: string
  members: readonly Mentionable[]
  active: number
  onChoose: (member: Mentionable) => void
}

/** The members that fit what is typed. The focus stays in the text; the text says which one is active. */
export function MentionList({ id, members, active, onChoose }: Props) {
  return (
    <div className="mention-list" id={id} role="listbox" aria-label="Mention a member">
      {members.map((member, index) => (
        <div
          key={member.account_id}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className="mention-option"
          // Pressing would take the focus out of the text.
          onPointerDown={(event) => {
            event.preventDefault()
            onChoose(member)
          }}
        >
          <Avatar id={member.account_id} name={member.display_name} size="small" />
          <span>{member.display_name}</span>
        </div>
      ))}
    </div>
  )
}
