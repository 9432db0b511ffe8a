import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { EnvironmentError, parseEnv } from './env.ts'

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
