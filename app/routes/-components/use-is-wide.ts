import { useSyncExternalStore } from 'react'

// The style sheets show one pane at a time below this width: app/styles/shell.css.
const query = '(min-width: 46rem)'

export function useIsWide(): boolean {
  return useSyncExternalStore(
    (onChange) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', onChange)
      return () => media.removeEventListener('change', onChange)
    },
    () => window.matchMedia(query).matches,
    () => false,
  )
}
