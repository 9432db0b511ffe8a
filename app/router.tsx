import { createRouter } from '@tanstack/react-router'
import { createIsomorphicFn, getGlobalStartContext } from '@tanstack/react-start'
import { routeTree } from './routeTree.gen.ts'

// The nonce of this answer's content security policy (start.ts); in the browser the scripts have run already.
const nonceOfAnswer = createIsomorphicFn()
  .server(() => (getGlobalStartContext() as { nonce?: string } | undefined)?.nonce) // put there by the guard
  .client(() => undefined)

export function getRouter() {
  const nonce = nonceOfAnswer()
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    scrollRestoration: false,
    ...(nonce && { ssr: { nonce } }),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof getRouter>
  }
}
