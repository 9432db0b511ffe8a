type Keys = Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey'>

/**
 * Whether the keys are those of a shortcut: one character ("/"), or modifiers and a key code ("Mod+KeyK",
 * "Alt+ArrowUp"), because Alt changes the character on some keyboards. Mod is Ctrl or ⌘.
 */
export function matchesShortcut(shortcut: string, event: Keys): boolean {
  const mod = event.ctrlKey || event.metaKey
  const parts = shortcut.split('+')
  const key = parts.pop()
  // A character may need Shift on one keyboard and not on another.
  if (parts.length === 0) return event.key === key && !mod && !event.altKey
  return (
    event.code === key &&
    mod === parts.includes('Mod') &&
    event.altKey === parts.includes('Alt') &&
    event.shiftKey === parts.includes('Shift')
  )
}

/** Whether keys belong to what has the focus: a text, a choice. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  )
}
