import { leaveLauncher } from '../server/leave-launcher.ts'
import { checkSteps, runStep, VITEST } from './steps.ts'

// `npm run check`: format, lint, types and unit tests.

const steps = [...checkSteps, { name: 'unit tests', program: VITEST, args: ['run', '--project', 'unit'] }]
for (const step of steps) {
  if (!(await runStep(step))) process.exitCode = 1
}
leaveLauncher()
