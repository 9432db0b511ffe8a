// Imports nothing: what is measured beside the product must not be heavier for it.

const SESSION = /(?:params%5B1%5D|session_id)=([\da-f-]{36})/

/** The session that the path of a request for a shape names, to Electric or to the app. */
export function sessionOf(path: string): string {
  return SESSION.exec(path)?.[1] ?? ''
}

const MARKER_LABEL = '"client_message_id":"'
const MARKER_LENGTH = 8

/** Names the n-th row that is written while something is measured. */
export function marker(n: number): string {
  return `m${String(n).padStart(MARKER_LENGTH - 1, '0')}`
}

/** @returns the rows that an answer carries, by their markers. */
export function markersIn(body: Buffer): string[] {
  const found: string[] = []
  for (let at = body.indexOf(MARKER_LABEL); at !== -1; at = body.indexOf(MARKER_LABEL, at)) {
    at += MARKER_LABEL.length
    found.push(body.toString('latin1', at, at + MARKER_LENGTH))
  }
  return found
}
