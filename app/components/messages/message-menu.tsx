import { Copy, Ellipsis, Link, Pencil, Trash2 } from 'lucide-react'
import { memo } from 'react'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { IconButton } from '../controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '../controls/menu.tsx'
import type { MessageActions } from './message-item.tsx'

interface Props {
  author: string
  canChange: boolean
  message: ChatMessage
  actions: MessageActions
}

export const MessageMenu = memo(function MessageMenu({ author, canChange, message, actions }: Props) {
  const trigger = (
    <IconButton label={`Actions for the message of ${author}`} className="message-menu">
      <Ellipsis />
    </IconButton>
  )
  return (
    <Menu trigger={trigger}>
      <MenuItem icon={<Copy />} onSelect={() => actions.copyText(message)}>
        Copy text
      </MenuItem>
      <MenuItem icon={<Link />} onSelect={() => actions.copyLink(message)}>
        Copy link
      </MenuItem>
      {canChange && (
        <>
          <MenuSeparator />
          <MenuItem icon={<Pencil />} onSelect={() => actions.startEdit(message)}>
            Edit
          </MenuItem>
          <MenuItem icon={<Trash2 />} danger onSelect={() => actions.remove(message)}>
            Remove
          </MenuItem>
        </>
      )}
    </Menu>
  )
})
