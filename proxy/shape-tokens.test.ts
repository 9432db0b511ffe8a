import { createHmac, createPublicKey, sign } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createTokenVerifier, signShapeToken, TOKEN_LIFETIME_MS, type TokenVerifier } from './shape-tokens.ts'
import { importPublicKey, loadSigningKey, type SigningKey } from './signing-key.ts'
import { newSigningKey } from './testing.ts'

let key: SigningKey
let privateJwk: string
let verifier: TokenVerifier
const account = uuidv7()
const session = uuidv7()
let now = 1_800_000_000_000

async function trusting(...keys: SigningKey[]) {
  const known = new Map(
    await Promise.all(keys.map(async (each) => [each.kid, await importPublicKey(each.public_jwk)] as const)),
  )
  return {
    known,
    knowsKey: (kid: string) => known.has(kid),
    key: vi.fn(async (kid: string) => known.get(kid)),
  }
}

beforeAll(async () => {
  privateJwk = await newSigningKey()
  key = await loadSigningKey(privateJwk)
  verifier = createTokenVerifier(await trusting(key), () => now)
})

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs anything at all, as an attacker who holds some key could. */
function forge(header: object, claims: object, by: string = privateJwk): string {
  const signed = `${encoded(header)}.${encoded(claims)}`
  const options = { key: JSON.parse(by), format: 'jwk' as const, dsaEncoding: 'ieee-p1363' as const }
  return `${signed}.${sign('sha256', Buffer.from(signed), options).toString('base64url')}`
}

const goodHeader = () => ({ alg: 'ES256', typ: 'shape+jwt', kid: key.kid })
const goodClaims = () => ({
  iss: 'throughline',
  aud: 'shapes',
  sub: account,
  session_id: session,
  iat: now / 1000,
  exp: now / 1000 + 300,
})

describe('a shape token', () => {
  it('proves the account, the session and the moment to the millisecond', async () => {
    const issuedAtMs = now - 1234
    const token = await signShapeToken(key, { accountId: account, sessionId: session, issuedAtMs })
    expect(await verifier.verify(token)).toEqual({
      accountId: account,
      sessionId: session,
      issuedAtMs,
      expiresAtMs: issuedAtMs + TOKEN_LIFETIME_MS,
    })
  })

  it('of an account alone names no session', async () => {
    const token = await signShapeToken(key, { accountId: account, sessionId: null, issuedAtMs: now })
    expect((await verifier.verify(token)).sessionId).toBeNull()
  })

  it('made by hand like a real one is one: what follows is refused for its one defect', async () => {
    expect((await verifier.verify(forge(goodHeader(), goodClaims()))).accountId).toBe(account)
  })

  const without = (name: string) => {
    const claims: Record<string, unknown> = goodClaims()
    delete claims[name]
    return claims
  }
  it.each<[string, () => object]>([
    ['another issuer', () => ({ ...goodClaims(), iss: 'throughlines' })],
    ['no issuer', () => without('iss')],
    ['another audience', () => ({ ...goodClaims(), aud: 'mutations' })],
    ['several audiences', () => ({ ...goodClaims(), aud: ['shapes', 'mutations'] })],
    ['no audience', () => without('aud')],
    ['no subject', () => without('sub')],
    ['a subject that is no UUID', () => ({ ...goodClaims(), sub: "x' OR '1'='1" })],
    ['a session that is no UUID', () => ({ ...goodClaims(), session_id: 'true' })],
    ['a null session', () => ({ ...goodClaims(), session_id: null })],
    ['no end', () => without('exp')],
    ['an end as text', () => ({ ...goodClaims(), exp: String(now / 1000 + 300) })],
    ['an end that has come', () => ({ ...goodClaims(), iat: now / 1000 - 300, exp: now / 1000 })],
    ['a longer life than ours have', () => ({ ...goodClaims(), exp: now / 1000 + 301 })],
    ['no beginning', () => without('iat')],
    ['a beginning in the future', () => ({ ...goodClaims(), iat: now / 1000 + 60, exp: now / 1000 + 300 })],
    ['a validity that has not begun', () => ({ ...goodClaims(), nbf: now / 1000 + 60 })],
    ['a claim that nobody knows', () => ({ ...goodClaims(), scope: 'one row' })],
  ])('with %s is refused', async (_what, claims) => {
    await expect(verifier.verify(forge(goodHeader(), claims()))).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  it.each<[string, object]>([
    ['another type', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['a key by address', { jku: 'http://127.0.0.1:9/jwks' }],
    ['a certificate by address', { x5u: 'http://127.0.0.1:9/cert' }],
    ['a key inside', { jwk: {} }],
    ['a certificate inside', { x5c: ['MII'] }],
    ['a critical extension', { crit: ['exp'] }],
    ['an unencoded payload', { b64: false, crit: ['b64'] }],
    ['no key id', { kid: undefined }],
    ['a path as key id', { kid: '../../../../../../../../../../../dev/null' }],
    ['SQL as key id', { kid: "' union select public_jwk from signing_keys --" }],
    ['an address as key id', { kid: 'http://127.0.0.1:9/' }],
    ['a huge key id', { kid: 'k'.repeat(8000) }],
    ['an unknown key id', { kid: 'A'.repeat(43) }],
    ['another algorithm', { alg: 'ES384' }],
  ])('with %s in its header is refused', async (_what, change) => {
    const token = forge({ ...goodHeader(), ...change }, goodClaims())
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it.each(['none', 'None', 'nOnE'])('that says its algorithm is %s is refused', async (alg) => {
    const token = `${encoded({ ...goodHeader(), alg })}.${encoded(goodClaims())}.`
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('signed with the public key as if it were a shared secret is refused', async () => {
    const signed = `${encoded({ ...goodHeader(), alg: 'HS256' })}.${encoded(goodClaims())}`
    const secrets = [JSON.stringify(key.public_jwk), publicPem()]
    for (const secret of secrets) {
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    }
  })

  it('signed with another key, or changed afterwards, is refused', async () => {
    const otherKey = forge(goodHeader(), goodClaims(), await newSigningKey())
    const [head, , signature] = forge(goodHeader(), goodClaims()).split('.')
    const changed = `${head}.${encoded({ ...goodClaims(), sub: uuidv7() })}.${signature}`
    for (const token of [otherKey, changed]) {
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    }
  })

  it('says the same about every defect, so that none can be told from another', async () => {
    const tokens = ['', 'x', 'a.b.c', forge(goodHeader(), { ...goodClaims(), aud: 'x' }), 'x'.repeat(100_000)]
    const messages = await Promise.all(
      tokens.map((token) => verifier.verify(token).catch((error: Error) => error.message)),
    )
    expect(new Set(messages).size).toBe(1)
  })
})

describe('a token that was verified before', () => {
  it('is not verified again, and dies at its end all the same', async () => {
    const trust = await trusting(key)
    const own = createTokenVerifier(trust, () => now)
    const token = forge(goodHeader(), goodClaims())
    await own.verify(token)
    await own.verify(token)
    expect(trust.key).toHaveBeenCalledTimes(1)
    now += 299_999
    await own.verify(token)
    now += 1
    await expect(own.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    now -= 300_000
  })

  it('dies with its key', async () => {
    const trust = await trusting(key)
    const own = createTokenVerifier(trust, () => now)
    const token = forge(goodHeader(), goodClaims())
    await own.verify(token)
    trust.known.delete(key.kid)
    await expect(own.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('the signing key', () => {
  it.each(['', '{}', 'null', '7', '{"kty":"RSA"}', '-----BEGIN PRIVATE KEY-----secret'])(
    'that is %j is refused without repeating it',
    async (json) => {
      const refused = loadSigningKey(json).catch((error: Error) => error)
      expect(await refused).toBeInstanceOf(TypeError)
      expect(String(await refused)).not.toContain('secret')
    },
  )

  it('publishes its public half alone', () => {
    expect(Object.keys(key.public_jwk).sort()).toEqual(['crv', 'kty', 'x', 'y'])
  })
})

function publicPem(): string {
  const publicKey = createPublicKey({ key: key.public_jwk, format: 'jwk' })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}
