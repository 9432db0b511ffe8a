import { AlertDialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { useDialogFocus } from './use-dialog-focus.ts'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** What goes with it, and that it cannot be taken back. */
  children: ReactNode
  action: string
  onConfirm: () => void
}

/** Asks before something that cannot be undone; the focus starts on the way out. */
export function ConfirmDialog({ open, onOpenChange, title, children, action, onConfirm }: Props) {
  const focus = useDialogFocus()
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="overlay" />
        <AlertDialog.Content {...focus} className="dialog" data-size="small">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="dialog-text" asChild>
            <div>{children}</div>
          </AlertDialog.Description>
          <footer className="dialog-footer">
            <AlertDialog.Cancel asChild>
              <Button look="quiet">Cancel</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button look="danger" onClick={onConfirm}>
                {action}
              </Button>
            </AlertDialog.Action>
          </footer>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
