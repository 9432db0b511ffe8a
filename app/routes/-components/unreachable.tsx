import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { Button } from '#app/components/controls/button.tsx'
import { Logo } from '#app/components/sessions/logo.tsx'
import { reasonOf } from './use-change.ts'

/** Shown when it cannot be found out who this is; tries again as soon as the network is back. */
export function Unreachable({ error }: ErrorComponentProps) {
  const router = useRouter()
  useEffect(() => {
    const retry = () => void router.invalidate()
    window.addEventListener('online', retry)
    return () => window.removeEventListener('online', retry)
  }, [router])
  return (
    <main className="front">
      <div className="front-card">
        <Logo />
        <h1>Throughline cannot start</h1>
        <p className="front-text" role="alert">
          {reasonOf(error)}
        </p>
        <Button look="primary" onClick={() => void router.invalidate()}>
          Try again
        </Button>
      </div>
    </main>
  )
}
