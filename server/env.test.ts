import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnvironmentError, parseEnv } from './env.ts'
import { FIRST, RENEWED } from './test-only-certificate/index.ts'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const required = {
  DATABASE_URL: 'postgres://app@127.0.0.1/app',
  ELECTRIC_URL: 'http://127.0.0.1:3001',
  ELECTRIC_SECRET: 's'.repeat(16),
  AUTH_SECRET: 's'.repeat(32),
  SHAPE_TOKEN_KEY: JSON.stringify(key),
}

test.each([
  ['a listening address that others reach', { HOST: '0.0.0.0' }, /HOST=0\.0\.0\.0/],
  ['a public address', { PUBLIC_URL: 'https://example.com' }, /PUBLIC_URL=https:\/\/example\.com/],
  [
    'a name that only begins like this machine’s',
    { PUBLIC_URL: 'http://localhost.example.com' },
    /PUBLIC_URL/,
  ],
  ['a proxy in front', { TRUST_PROXY: 'true' }, /TRUST_PROXY/],
])('nobody signs in behind %s: refused, unless accounts are on', (_, reachable, message) => {
  const start = (AUTH_MODE: string) => parseEnv({ ...required, ...reachable, AUTH_MODE })
  expect(() => start('local')).toThrow(EnvironmentError)
  expect(() => start('local')).toThrow(message)
  expect(() => start('local')).toThrow(/AUTH_MODE=accounts/)
  expect(start('accounts').AUTH_MODE).toBe('accounts')
})

test.each(['http://localhost:4000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])(
  'one person on one machine is reached at %s',
  (PUBLIC_URL) => {
    expect(parseEnv({ ...required, PUBLIC_URL })).toMatchObject({ AUTH_MODE: 'local', PUBLIC_URL })
  },
)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-env-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const withTls = { TLS_CERT: FIRST.cert, TLS_KEY: FIRST.key }

test('with a certificate the app is reached by TLS', () => {
  expect(parseEnv({ ...required, ...withTls, PORT: '4000' }).PUBLIC_URL).toBe('https://localhost:4000')
  expect(parseEnv({ ...required, PORT: '4000' }).PUBLIC_URL).toBe('http://localhost:4000')
})

test.each([
  ['no key', { TLS_CERT: FIRST.cert }, /TLS_CERT is set and TLS_KEY is not.*both/],
  ['a key alone', { TLS_KEY: FIRST.key }, /TLS_KEY is set and TLS_CERT is not.*both/],
  ['a file that is not there', { ...withTls, TLS_CERT: 'nowhere.pem' }, /TLS_CERT=nowhere.pem.*ENOENT.*path/],
  ['a folder', { ...withTls, TLS_KEY: '.' }, /TLS_KEY=\. .*EISDIR.*path/],
  ['the key as certificate', { ...withTls, TLS_CERT: FIRST.key }, /TLS_CERT=.* is no certificate.*PEM/],
  ['the certificate as key', { ...withTls, TLS_KEY: FIRST.cert }, /TLS_KEY=.* is no private key.*PEM/],
  ['another’s key', { ...withTls, TLS_KEY: RENEWED.key }, /TLS_KEY=.* is not the key of TLS_CERT/],
  ['an address without TLS', { ...withTls, PUBLIC_URL: 'http://localhost:3000' }, /PUBLIC_URL=http:.*https:/],
])('%s is refused before anything starts', (_, wrong, message) => {
  expect(() => parseEnv({ ...required, ...wrong })).toThrow(EnvironmentError)
  expect(() => parseEnv({ ...required, ...wrong })).toThrow(message)
})

test('a key with a passphrase is refused, and it is said that it must have none', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'open sesame' }
  const TLS_KEY = join(folder, 'locked.pem')
  await writeFile(TLS_KEY, privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }))
  expect(() => parseEnv({ ...required, ...withTls, TLS_KEY })).toThrow(/without a passphrase/)
})
