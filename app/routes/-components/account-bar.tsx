import { useLiveQuery } from '@tanstack/react-db'
import { ChevronsUpDown, Keyboard, LogOut, Monitor, Moon, Pencil, Sun } from 'lucide-react'
import { useState } from 'react'
import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { ConnectionNote } from '#app/components/account/connection-note.tsx'
import { ShortcutsDialog } from '#app/components/account/shortcuts-dialog.tsx'
import { keepTheme, readTheme, type Theme } from '#app/components/account/theme.ts'
import { UnsentDialog } from '#app/components/account/unsent-dialog.tsx'
import { ConfirmDialog } from '#app/components/controls/confirm-dialog.tsx'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '#app/components/controls/menu.tsx'
import { NameDialog } from '#app/components/controls/name-dialog.tsx'
import { useToasts } from '#app/components/controls/toasts.tsx'
import { Avatar } from '#app/components/people/avatar.tsx'
import type { Account } from '#db/schema/accounts.ts'
import { signOut } from './identity.ts'
import { reasonOf, useChange } from './use-change.ts'
import { useShortcut } from './use-shortcut.ts'

const themes = [
  { value: 'system', label: 'As the system', icon: <Monitor /> },
  { value: 'light', label: 'Light', icon: <Sun /> },
  { value: 'dark', label: 'Dark', icon: <Moon /> },
] as const

/** Who one is here, how things look, and whether everything has arrived. */
export function AccountBar() {
  const workspace = useWorkspace()
  const account = useLiveQuery(workspace.account).data[0]
  const [isRenaming, setRenaming] = useState(false)
  const [showsKeys, setShowsKeys] = useState(false)
  const [theme, setTheme] = useState<Theme>(readTheme)
  const [leaving, setLeaving] = useState<() => Promise<void>>()
  const change = useChange()
  useShortcut('?', () => setShowsKeys(true))

  const chooseTheme = (chosen: Theme) => {
    setTheme(chosen)
    keepTheme(chosen)
  }
  const name = account?.display_name ?? ''
  const trigger = (
    <button type="button" className="account-button" aria-label={`Account and settings: ${name}`}>
      <Avatar id={workspace.accountId} name={name} size="small" />
      <span className="account-name">{name}</span>
      <ChevronsUpDown aria-hidden="true" />
    </button>
  )
  return (
    <footer className="account-bar">
      <Menu trigger={trigger} align="start" side="top">
        <MenuItem icon={<Pencil />} onSelect={() => setRenaming(true)}>
          Change your name
        </MenuItem>
        <MenuItem icon={<Keyboard />} onSelect={() => setShowsKeys(true)} hint="?">
          Keyboard shortcuts
        </MenuItem>
        <MenuSeparator />
        <MenuChoice label="Theme" value={theme} options={themes} onChange={chooseTheme} />
        <SignOutItem kind={account?.kind} onAsk={(leave) => setLeaving(() => leave)} />
      </Menu>
      <Connection />
      <ConfirmDialog
        open={leaving !== undefined}
        onOpenChange={() => setLeaving(undefined)}
        title="Leave with unsent changes?"
        action="Leave"
        onConfirm={() => void leaving?.()}
      >
        {account?.kind === 'guest'
          ? 'Some of what you wrote has not been sent. A guest cannot come back, so it would be lost.'
          : 'Some of what you wrote has not been sent. It stays in this browser until you sign in here again.'}
      </ConfirmDialog>
      <ShortcutsDialog open={showsKeys} onOpenChange={setShowsKeys} />
      <NameDialog
        open={isRenaming}
        onOpenChange={setRenaming}
        title="Change your name"
        label="Your name, as others see it"
        action="Save"
        initial={name}
        maxLength={100}
        onSubmit={(display_name) =>
          change('accounts.rename', { display_name }, 'Your new name was not saved.')
        }
      />
    </footer>
  )
}

interface SignOutProps {
  kind: Account['kind'] | undefined
  /** Asks first, because changes are still on their way. */
  onAsk: (leave: () => Promise<void>) => void
}

function SignOutItem({ kind, onAsk }: SignOutProps) {
  const workspace = useWorkspace()
  const hasUnsent = useStore(workspace.unsent).length > 0
  const { failed } = useToasts()
  // The one person of a machine without sign-in has nothing to sign out of.
  if (kind === undefined || kind === 'local') return null
  const leave = async () => {
    try {
      await signOut()
    } catch (error) {
      failed(`Not signed out. ${reasonOf(error)}`)
      return
    }
    await workspace.dispose().catch(() => {}) // the new page ends what this one could not
    // A new page in this one's place, so that nothing of this account stays in memory or a step back.
    window.location.replace('/')
  }
  return (
    <>
      <MenuSeparator />
      <MenuItem icon={<LogOut />} onSelect={() => (hasUnsent ? onAsk(leave) : void leave())}>
        {kind === 'guest' ? 'Stop being this guest' : 'Sign out'}
      </MenuItem>
    </>
  )
}

function Connection() {
  const workspace = useWorkspace()
  const connection = useStore(workspace.connection)
  const unsent = useStore(workspace.unsent)
  const durable = useStore(workspace.durable)
  const [isOpen, setOpen] = useState(false)
  const failed = unsent.filter((change) => change.state === 'failed').length
  return (
    <>
      <ConnectionNote
        connection={connection}
        pending={unsent.length - failed}
        failed={failed}
        onOpen={() => setOpen(true)}
      />
      {isOpen && (
        <UnsentDialog
          open
          onOpenChange={setOpen}
          unsent={unsent}
          durable={durable}
          onRetry={workspace.retry}
          onDiscard={workspace.discard}
        />
      )}
    </>
  )
}
