/** The server did not keep to the protocol. */
export class Violation extends Error {
  override name = 'Violation'
}

/** @param rule what holds in the protocol */
export function must(isKept: boolean, rule: string, evidence?: unknown): asserts isKept {
  if (isKept) return
  const shown = evidence === undefined ? '' : `: ${JSON.stringify(evidence)?.slice(0, 1_500)}`
  throw new Violation(`Not kept: ${rule}${shown}`)
}
