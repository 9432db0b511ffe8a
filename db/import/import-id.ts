import { v5 } from 'uuid'

// Never change it: every id that an import ever made comes from it.
const NAMESPACE = '9d1c7f0e-5d0b-5c43-8a53-6f2d1c0b7e41'

/**
 * The id of a row made from an old one. Beginning the name with the owner's account keeps two people who import
 * the same files apart; the old id comes last, so that no separator in it can make two names equal.
 */
export function importId(accountId: string, source: string, kind: string, legacyId: string): string {
  // Encoding turns every lone surrogate into the same character; escaped, ids that differ stay different.
  const name = legacyId.isWellFormed() ? legacyId : JSON.stringify(legacyId)
  return v5(Buffer.from(`${accountId}:${source}:${kind}:${name}`), NAMESPACE)
}
