import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from 'jose'
import type { SigningKey as SigningKeyRow } from '#db/schema/index.ts'

export const ALGORITHM = 'ES256'

export type PublicJwk = SigningKeyRow['public_jwk']

export interface SigningKey {
  /** RFC 7638 thumbprint: the same key has the same id in every instance. */
  kid: string
  privateKey: CryptoKey
  public_jwk: PublicJwk
}

/**
 * @param json a private EC P-256 key as a JWK, from SHAPE_TOKEN_KEY.
 * @throws TypeError that names the variable and repeats nothing of its value.
 */
export async function loadSigningKey(json: string): Promise<SigningKey> {
  const { d, ...public_jwk } = parse(json)
  const privateKey = await importJWK({ ...public_jwk, d, alg: ALGORITHM })
  if (privateKey instanceof Uint8Array) throw unusable()
  return { kid: await calculateJwkThumbprint(public_jwk), privateKey, public_jwk }
}

export async function importPublicKey(public_jwk: PublicJwk): Promise<CryptoKey> {
  const key = await importJWK({ ...public_jwk, alg: ALGORITHM })
  if (key instanceof Uint8Array) throw unusable()
  return key
}

// Rebuilt from the four fields that an EC key has: nothing else of the variable gets into the database.
function parse(json: string): PublicJwk & { d: string } {
  let jwk: JWK
  try {
    jwk = JSON.parse(json)
  } catch {
    throw unusable() // the parser's own message would repeat part of the key
  }
  const { kty, crv, x, y, d } = jwk
  if (kty !== 'EC' || crv !== 'P-256' || !x || !y || !d) throw unusable()
  return { kty, crv, x, y, d }
}

function unusable(): TypeError {
  return new TypeError('SHAPE_TOKEN_KEY must be a private EC P-256 key as a JWK in JSON (kty, crv, x, y, d).')
}
