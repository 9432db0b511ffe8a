import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { Button } from '#app/components/controls/button.tsx'

/** What the whole page has to say: one is signed out, or a newer release is there. */
export function WorkspaceNotices() {
  const workspace = useWorkspace()
  const isSignedOut = useStore(workspace.signedOut)
  const serverBuild = useStore(workspace.serverBuild)
  const unsent = useStore(workspace.unsent)
  const signIn = () => {
    const from = window.location.pathname + window.location.hash
    window.location.assign(`/sign-in?from=${encodeURIComponent(from)}`)
  }
  if (isSignedOut) {
    return (
      <Notice text="You are signed out. Unsent changes wait for you." action="Sign in" onAction={signIn} />
    )
  }
  const isStale = serverBuild !== null && serverBuild !== __BUILD_ID__
  // A stale tab finishes its queue first.
  if (!isStale || unsent.some((change) => change.state === 'pending')) return null
  return <Notice text="A new version is here." action="Reload" onAction={() => window.location.reload()} />
}

function Notice({ text, action, onAction }: { text: string; action: string; onAction: () => void }) {
  return (
    <section className="page-notice" aria-label="Notice" role="status">
      <p>{text}</p>
      <Button onClick={onAction}>{action}</Button>
    </section>
  )
}
