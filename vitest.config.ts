import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const outside = ['node_modules/**', 'dist/**', '.throughline/**']

export default defineConfig({
  test: {
    // Most of them wait for Postgres and for processes: with one less than there are cores, half of two would idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['**/*.test.{ts,tsx}'], exclude: [...outside, '**/*.pg.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['**/*.pg.test.ts'],
          exclude: outside,
          globalSetup: './db/testing-server.ts',
          // Real servers on a busy machine: a limit that only a hang can reach.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
})
