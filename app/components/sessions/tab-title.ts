/** The title of the browser's tab: what is unread, where one is, what this is. */
export function tabTitle(unread: number, place?: string): string {
  const count = unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : ''
  return `${count}${place ? `${place} · ` : ''}Throughline`
}
