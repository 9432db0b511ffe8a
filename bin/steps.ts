import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** One program of the checks; it passes when it exits with 0. */
export interface Step {
  name: string
  /** Path below node_modules, run by this Node. */
  program: string
  args: string[]
}

const program = (...path: string[]) => join('node_modules', ...path)

export const VITEST = program('vitest', 'vitest.mjs')
export const PLAYWRIGHT = program('playwright', 'cli.js')

/** Format, lint, types: what takes seconds and needs nothing running. */
export const checkSteps: Step[] = [
  {
    name: 'format and lint',
    program: program('@biomejs', 'biome', 'bin', 'biome'),
    args: ['ci', '--error-on-warnings'],
  },
  { name: 'types', program: program('typescript', 'bin', 'tsc'), args: ['--noEmit'] },
]

export function runStep({ name, program, args }: Step): Promise<boolean> {
  console.log(`\n── ${name}`)
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' })
  // Stays while its child does: a signal comes from the terminal and from the launcher, and a runner that ended at the
  // second would leave the child's servers behind.
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, forward)
  child.once('close', () => {
    for (const signal of signals) process.off(signal, forward)
  })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${program} cannot be run: ${error.message}`)
      resolve(false)
    })
    child.once('exit', (code) => resolve(code === 0))
  })
}
