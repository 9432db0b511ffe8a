import { useEffect, useRef } from 'react'
import { isTyping, matchesShortcut } from './shortcut-match.ts'

/** Runs while the component is on the screen and no dialog or menu lies over it. */
export function useShortcut(shortcut: string, run: () => void): void {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || !matchesShortcut(shortcut, event)) return
      if (!shortcut.includes('+') && isTyping(event.target)) return
      if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu]')) return
      event.preventDefault()
      latest.current()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [shortcut])
}
