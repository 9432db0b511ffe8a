/** Its name. */
export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}

/** The same server and login, another database. */
export function urlOf(ownerUrl: string, database: string): string {
  const url = new URL(ownerUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** Without the login. */
export function describeDatabase(url: string): string {
  const { hostname, port } = new URL(url)
  return `"${databaseOf(url)}" on ${hostname}:${port || 5432}`
}
