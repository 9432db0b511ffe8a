import { randomBytes } from 'node:crypto'
import type { Env } from '../env.ts'

export interface PageSecurity {
  /** Of this one answer; its inline scripts carry it. */
  nonce: string
  /** Vite's dev server needs its own inline scripts and a WebSocket. */
  development?: boolean
}

/** 128 bits, new for each answer. */
export const createNonce = (): string => randomBytes(16).toString('base64url')

/** Sets what every answer carries, and on HTML pages the content security policy as well. */
export function secure(response: Response, env: Pick<Env, 'PUBLIC_URL'>, page?: PageSecurity): Response {
  // A copy: answers of `fetch` and redirects have headers that cannot be changed.
  const headers = new Headers(response.headers)
  setSecurity(headers, env, page)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

/** The same on headers that can be changed. */
export function setSecurity(headers: Headers, env: Pick<Env, 'PUBLIC_URL'>, page?: PageSecurity): void {
  for (const [name, value] of Object.entries(securityHeaders(env))) headers.set(name, value)
  const policy = policyFor(headers.get('content-type') ?? '', page)
  if (policy) headers.set('content-security-policy', policy)
}

// Not of this machine itself: browsers would take it for every other server on localhost, whatever its port.
const IS_PUBLIC_TLS = /^https:\/\/(?!(localhost|127\.0\.0\.1|\[::1\])(:|\/|$))/

export function securityHeaders({ PUBLIC_URL }: Pick<Env, 'PUBLIC_URL'>): Record<string, string> {
  return {
    'x-content-type-options': 'nosniff',
    // The secret of an invitation is part of its address. It also makes a form that posts by itself send "Origin: null",
    // which the guard refuses: everything that writes goes through fetch, whose Origin it leaves alone.
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    ...(IS_PUBLIC_TLS.test(PUBLIC_URL) && { 'strict-transport-security': 'max-age=31536000' }),
  }
}

const ofApi = new WeakMap<Pick<Env, 'PUBLIC_URL'>, Readonly<Record<string, string>>>()

/** What `secure` sets on an answer that is neither page nor script, made once: for those that are written to Node directly. */
export function apiSecurityHeaders(env: Pick<Env, 'PUBLIC_URL'>): Readonly<Record<string, string>> {
  const before = ofApi.get(env)
  if (before) return before
  const headers = Object.freeze({ ...securityHeaders(env), 'content-security-policy': NO_PAGE })
  ofApi.set(env, headers)
  return headers
}

// Even if a browser shows it, nothing in it runs.
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'; sandbox"

function policyFor(contentType: string, page?: PageSecurity): string | null {
  if (page && contentType.startsWith('text/html')) return contentSecurityPolicy(page)
  // A worker obeys the policy of its own script, so scripts get none.
  if (contentType.includes('javascript')) return null
  return NO_PAGE
}

function contentSecurityPolicy({ nonce, development = false }: PageSecurity): string {
  const script = development ? "'self' 'unsafe-inline'" : `'self' 'nonce-${nonce}'`
  const directives = [
    "default-src 'none'",
    `script-src ${script}`,
    // Inline styles: rendered pages carry style attributes, and dialogs and menus add style elements without a nonce.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    // No remote images: a message could otherwise tell its author who reads it, from where and when.
    "img-src 'self' data: blob:",
    `connect-src 'self'${development ? ' ws: wss:' : ''}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
  return directives.join('; ')
}
