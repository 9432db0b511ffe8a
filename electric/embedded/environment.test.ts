import { expect, test } from 'vitest'
import { optionsFromEnvironment } from './environment.ts'

const minimal = { DATABASE_URL: 'postgres://db', ELECTRIC_SECRET: 'x' }

test("the real service's variables are understood", () => {
  expect(
    optionsFromEnvironment({
      ...minimal,
      ELECTRIC_PORT: '4000',
      ELECTRIC_REPLICATION_STREAM_ID: 'other',
      ELECTRIC_SHAPE_CHUNK_BYTES_THRESHOLD: '10000',
      ELECTRIC_LONG_POLL_TIMEOUT: '15s',
      ELECTRIC_MAX_SHAPES: '7',
      ELECTRIC_CACHE_MAX_AGE: '1',
      ELECTRIC_CACHE_STALE_AGE: '3',
      ELECTRIC_ENABLE_INTEGRATION_TESTING: 'true',
      ELECTRIC_STORAGE_DIR: '/var/electric',
      ELECTRIC_MANUAL_TABLE_PUBLISHING: 'true',
    }),
  ).toEqual({
    databaseUrl: 'postgres://db',
    secret: 'x',
    port: 4000,
    replicationStreamId: 'other',
    chunkBytesThreshold: 10_000,
    longPollTimeoutMs: 15_000,
    maxShapes: 7,
    cacheMaxAgeSeconds: 1,
    cacheStaleAgeSeconds: 3,
    allowShapeDeletion: true,
    storageDir: '/var/electric',
    manualTablePublishing: true,
  })
})

test('without a secret it starts only when told to be insecure', () => {
  expect(() => optionsFromEnvironment({ DATABASE_URL: 'x' })).toThrow('ELECTRIC_SECRET')
  expect(() => optionsFromEnvironment({ DATABASE_URL: 'x', ELECTRIC_INSECURE: 'yes' })).toThrow(
    'ELECTRIC_SECRET',
  )
  expect(optionsFromEnvironment({ DATABASE_URL: 'x', ELECTRIC_INSECURE: 'true' }).secret).toBeNull()
})

test('a wrong value names its variable', () => {
  expect(() => optionsFromEnvironment({ ...minimal, ELECTRIC_PORT: 'http' })).toThrow('ELECTRIC_PORT')
  expect(() => optionsFromEnvironment({ ...minimal, ELECTRIC_LONG_POLL_TIMEOUT: '20 years' })).toThrow(
    'ELECTRIC_LONG_POLL_TIMEOUT',
  )
  expect(() => optionsFromEnvironment({ ELECTRIC_SECRET: 'x' })).toThrow('DATABASE_URL')
})
