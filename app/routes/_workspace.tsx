import { createFileRoute, Outlet, redirect } from '@tanstack/react-router'
import { useCallback } from 'react'
import { createWorkspace } from '#app/collections/create-workspace.ts'
import { WorkspaceProvider } from '#app/collections/workspace.tsx'
import { ToastProvider } from '#app/components/controls/toasts.tsx'
import { ACCOUNT_HEADER } from '#db/inputs/account-header.ts'
import { mutate } from '#server/functions/mutate.ts'
import { IdentityError, whoami } from './-components/identity.ts'
import { Unreachable } from './-components/unreachable.tsx'
import { WorkspaceNotices } from './-components/workspace-notices.tsx'
import { WorkspaceScreen } from './-components/workspace-screen.tsx'

/** Everything that reads collections. They exist in the browser only, so nothing here is rendered on the server. */
export const Route = createFileRoute('/_workspace')({
  ssr: false,
  loader: async ({ location }) => {
    try {
      return await whoami()
    } catch (error) {
      if (!(error instanceof IdentityError) || error.code !== 'unauthenticated') throw error
      throw redirect({ to: '/sign-in', search: { from: location.href } })
    }
  },
  // Who one is changes only with a new page: signing in and out both load one.
  staleTime: Number.POSITIVE_INFINITY,
  pendingMs: 300,
  component: SignedIn,
  errorComponent: Unreachable,
})

function SignedIn() {
  const { account } = Route.useLoaderData()
  const open = useCallback(
    () => createWorkspace({ accountId: account.id, send: sendAs(account.id) }),
    [account.id],
  )
  return (
    <ToastProvider>
      <WorkspaceProvider open={open}>
        <WorkspaceScreen>
          <Outlet />
        </WorkspaceScreen>
        <WorkspaceNotices />
      </WorkspaceProvider>
    </ToastProvider>
  )
}

function sendAs(accountId: string): Parameters<typeof createWorkspace>[0]['send'] {
  const headers = { [ACCOUNT_HEADER]: accountId }
  return async ({ id, name, input }) => {
    const answer = await mutate({ data: { id, name, input: JSON.stringify(input) }, headers })
    return answer.ok ? answer.value : { build: __BUILD_ID__, result: answer }
  }
}
