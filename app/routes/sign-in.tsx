import { createFileRoute } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { SignInScreen } from './-components/sign-in-screen.tsx'

// A path of our own and nothing else: a link to the sign-in must not lead anywhere afterwards.
const ownPath = z.string().check(z.regex(/^\/(?![/\\])/))

export const Route = createFileRoute('/sign-in')({
  validateSearch: z.object({ from: z.catch(z.optional(ownPath), undefined) }),
  head: () => ({ meta: [{ title: 'Sign in · Throughline' }] }),
  component: SignIn,
})

function SignIn() {
  return <SignInScreen next={Route.useSearch().from ?? '/'} />
}
