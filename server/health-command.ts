import { askApp } from './ask-app.ts'
import { parseStarterEnv } from './env.ts'

// Whether the app on this machine answers: the container's health check.

const { ok } = await askApp(parseStarterEnv(), '/api/health/live').catch(() => ({ ok: false }))
process.exitCode = ok ? 0 : 1
