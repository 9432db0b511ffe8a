import { Copy, Ellipsis, Link, Pencil, Trash2 } from 'lucide-react'
import { IconButton } from '../controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '../controls/menu.tsx'

interface Props {
  author: string
  canChange: boolean
  onCopyText: () => void
  onCopyLink: () => void
  onEdit: () => void
  onRemove: () => void
}

export function MessageMenu({ author, canChange, onCopyText, onCopyLink, onEdit, onRemove }: Props) {
  const trigger = (
    <IconButton label={`Actions for the message of ${author}`} className="message-menu">
      <Ellipsis />
    </IconButton>
  )
  return (
    <Menu trigger={trigger}>
      <MenuItem icon={<Copy />} onSelect={onCopyText}>
        Copy text
      </MenuItem>
      <MenuItem icon={<Link />} onSelect={onCopyLink}>
        Copy link
      </MenuItem>
      {canChange && (
        <>
          <MenuSeparator />
          <MenuItem icon={<Pencil />} onSelect={onEdit}>
            Edit
          </MenuItem>
          <MenuItem icon={<Trash2 />} danger onSelect={onRemove}>
            Remove
          </MenuItem>
        </>
      )}
    </Menu>
  )
}
