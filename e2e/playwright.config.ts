import { resolve } from 'node:path'
import { defineConfig } from 'playwright/test'
import { findBrowser } from './browser.ts'

const root = resolve(import.meta.dirname, '..')
const results = resolve(root, '.test-results')

// What a person set for an installation of her own must not reach the ones that tests start.
for (const name of [
  'AUTH_MODE',
  'DATABASE_URL',
  'ELECTRIC_URL',
  'HOST',
  'LOG_LEVEL',
  'METRICS_TOKEN',
  'PUBLIC_URL',
  'TLS_CERT',
  'TLS_KEY',
  'TRUST_PROXY',
]) {
  delete process.env[name]
}
process.chdir(root)

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: resolve(results, 'e2e'),
  // Each file has servers of its own; within a file tests build on them, in order.
  fullyParallel: false,
  workers: 2,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // A limit that only a hang can reach.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  globalSetup: './build-once.ts',
  reporter: [
    ['line'],
    ['json', { outputFile: resolve(results, 'e2e.json') }],
    [resolve(root, 'bin/playwright-results.ts')],
  ],
  use: {
    browserName: 'chromium',
    launchOptions: await findBrowser(),
    trace: process.env.E2E_TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 20_000,
  },
})
