import { useRef } from 'react'

/**
 * Where the focus goes when a dialog opens and closes: into its first field, and back to what opened it. Dialogs here
 * are opened by state, from buttons, menus and keys, so the library knows no trigger to go back to.
 */
export function useDialogFocus() {
  const opener = useRef<HTMLElement>(null)
  return {
    onOpenAutoFocus: (event: Event) => {
      opener.current = openerOf(document.activeElement)
      const field = event.target instanceof Element && event.target.querySelector<HTMLElement>(FIRST_FIELD)
      if (!field) return
      event.preventDefault()
      field.focus()
    },
    onCloseAutoFocus: (event: Event) => {
      if (!opener.current?.isConnected) return
      event.preventDefault()
      opener.current.focus()
    },
  }
}

const FIRST_FIELD = 'input:not([readonly], [type=radio]), textarea'

/** A menu that is just closing is gone when the dialog closes: its button is not. */
function openerOf(focused: Element | null): HTMLElement | null {
  const menuButton = focused?.closest('[role=menu]')?.getAttribute('aria-labelledby')
  if (menuButton) return document.getElementById(menuButton)
  return focused instanceof HTMLElement ? focused : null
}
