import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { IconButton } from './button.tsx'

interface Toast {
  id: number
  tone: 'done' | 'failed'
  text: string
}

interface Toasts {
  done: (text: string) => void
  failed: (text: string) => void
}

const ToastContext = createContext<Toasts | null>(null)
const DONE_SHOWN_MS = 4000
const MAX_SHOWN = 4
let lastId = 0

/** What happened goes by itself; what failed stays until it is closed, so that nobody misses it. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const close = useCallback(
    (id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)),
    [],
  )
  const value = useMemo<Toasts>(() => {
    const show = (tone: Toast['tone'], text: string) => {
      const id = ++lastId
      setToasts((shown) =>
        [...shown.filter((each) => each.text !== text), { id, tone, text }].slice(-MAX_SHOWN),
      )
      if (tone === 'done') setTimeout(() => close(id), DONE_SHOWN_MS)
    }
    return { done: (text) => show('done', text), failed: (text) => show('failed', text) }
  }, [close])
  return (
    <ToastContext value={value}>
      {children}
      <section className="toasts" aria-label="Notices">
        {toasts.map((toast) => (
          <div
            key={toast.id}
            className="toast"
            data-tone={toast.tone}
            role={toast.tone === 'failed' ? 'alert' : 'status'}
          >
            {toast.tone === 'failed' ? <CircleAlert /> : <CircleCheck />}
            <p>{toast.text}</p>
            <IconButton label="Close this notice" onClick={() => close(toast.id)}>
              <X />
            </IconButton>
          </div>
        ))}
      </section>
    </ToastContext>
  )
}

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext)
  if (!toasts) throw new Error('useToasts needs a ToastProvider above it.')
  return toasts
}
