/** What is wrong with a connection string or the Postgres behind it, and how to fix it. */
export class DatabaseNotUsable extends Error {
  override name = 'DatabaseNotUsable'
}
