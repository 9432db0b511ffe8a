// Class 08 is connection_exception, 57P the server going down or coming up, 53300 too_many_connections.
const UNREACHABLE =
  /^(ECONN|EPIPE|ENOTFOUND|EAI_|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|CONNECTION_|08|57P|53300)/

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

export function isDatabaseUnreachable(error: unknown): boolean {
  return UNREACHABLE.test(errorCode(error))
}

/** One line, with the driver's code: enough to act on, without a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = errorCode(error)
  const text = error.message || error.name
  return (code && !text.includes(code) ? `${text} (${code})` : text).replaceAll('\n', ' ')
}
