import type { Page, Request } from 'playwright/test'

/** What a page follows over its live connection, by what it asks for. */
export interface LiveWatch {
  /** Live connections that are open now. */
  open(): number
  /** The most that were open at a time. */
  most(): number
  /** Shape and session of each entry that it follows. */
  followed(): Set<string>
}

interface Body {
  entries?: { id: string; shape: string; session_id?: string }[]
  drop?: string[]
}

/** Watches from the page's first request on. */
export function watchLive(page: Page): LiveWatch {
  const running = new Set<Request>()
  let most = 0
  let entries = new Map<string, string>()
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (request.method() !== 'POST' || !pathname.startsWith('/api/live')) return
    const { entries: added = [], drop = [] } = (request.postDataJSON() ?? {}) as Body // as the live format has it
    if (pathname === '/api/live') {
      running.add(request)
      most = Math.max(most, running.size)
      entries = new Map()
    }
    for (const { id, shape, session_id = '' } of added) entries.set(id, `${shape} ${session_id}`)
    for (const id of drop) entries.delete(id)
  })
  page.on('requestfinished', (request) => void running.delete(request))
  page.on('requestfailed', (request) => void running.delete(request))
  return { open: () => running.size, most: () => most, followed: () => new Set(entries.values()) }
}
