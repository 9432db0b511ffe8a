/** Why a clause is refused. */
export class WhereError extends Error {
  override name = 'WhereError'
  /** Within the clause; null for what has no place. */
  readonly location: number | null

  constructor(location: number | null, message: string) {
    super(message)
    this.location = location
  }
}

export function refuse(location: number | null, message: string): never {
  throw new WhereError(location, message)
}
