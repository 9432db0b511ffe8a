import { createFileRoute } from '@tanstack/react-router'
import { JoinScreen } from './-components/join-screen.tsx'

/** The secret stands in the fragment, which reaches no server: only the browser can render this. */
export const Route = createFileRoute('/join')({
  ssr: false,
  head: () => ({ meta: [{ title: 'Invitation · Throughline' }] }),
  component: JoinScreen,
})
