import { type FormEvent, useState } from 'react'
import { Button } from '#app/components/controls/button.tsx'
import { TextField } from '#app/components/controls/field.tsx'
import { Logo } from '#app/components/sessions/logo.tsx'
import { signIn } from './identity.ts'
import { reasonOf } from './use-change.ts'

/** Email and password; what follows is a new page, so that nothing of another account stays in memory. */
export function SignInScreen({ next }: { next: string }) {
  const [error, setError] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (form: FormData) => {
    setBusy(true)
    setError(undefined)
    try {
      await signIn(String(form.get('email')), String(form.get('password')))
      window.location.assign(next)
    } catch (cause) {
      setError(reasonOf(cause))
      setBusy(false)
    }
  }
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    void submit(new FormData(event.currentTarget))
  }
  return (
    <main className="front">
      <div className="front-card">
        <Logo />
        <h1>Sign in to Throughline</h1>
        <form onSubmit={onSubmit}>
          <TextField label="Email" name="email" type="email" autoComplete="username" required />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
          />
          {error && (
            <p className="field-note" data-error role="alert">
              {error}
            </p>
          )}
          <Button look="primary" type="submit" disabled={isBusy}>
            {isBusy ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>
        <p className="front-text">
          No account? An invitation link lets you in as a guest; whoever runs this server makes accounts.
        </p>
      </div>
    </main>
  )
}
