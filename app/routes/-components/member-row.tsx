import { Crown, Ellipsis, UserMinus } from 'lucide-react'
import { IconButton } from '#app/components/controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '#app/components/controls/menu.tsx'
import { Avatar } from '#app/components/people/avatar.tsx'
import type { MemberRole, SessionMember } from '#db/schema/session-members.ts'

interface Props {
  member: SessionMember
  isMe: boolean
  canManage: boolean
  onRole: (role: MemberRole) => void
  onHandOver: () => void
  onRemove: () => void
}

const roles: { value: MemberRole; label: string }[] = [
  { value: 'owner', label: 'Owner' },
  { value: 'editor', label: 'Editor' },
  { value: 'viewer', label: 'Viewer' },
]

export function MemberRow({ member, isMe, canManage, onRole, onHandOver, onRemove }: Props) {
  const { account_id: id, display_name: name, role } = member
  return (
    <li className="member">
      <Avatar id={id} name={name} />
      <span className="member-name">
        {name}
        {isMe && <span className="member-me">you</span>}
      </span>
      {canManage ? (
        <select
          aria-label={`Role of ${name}`}
          value={role}
          onChange={(event) => {
            const chosen = roles.find((each) => each.value === event.currentTarget.value)
            if (chosen) onRole(chosen.value)
          }}
        >
          {roles.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      ) : (
        <span className="member-role">{roles.find((each) => each.value === role)?.label}</span>
      )}
      {canManage && (
        <Menu
          trigger={
            <IconButton label={`Actions for ${name}`}>
              <Ellipsis />
            </IconButton>
          }
        >
          <MenuItem icon={<Crown />} onSelect={onHandOver}>
            Hand the session over
          </MenuItem>
          <MenuSeparator />
          <MenuItem icon={<UserMinus />} danger onSelect={onRemove}>
            Remove from the session
          </MenuItem>
        </Menu>
      )}
    </li>
  )
}
